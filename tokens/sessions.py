"""Temporary tokens: one for each sign-in, valid as long as its session.

A temporary token is valid while three things hold: it is not revoked (sign-out does that), its time has not come (it is the
session's own end), and its session hash is still its owner's (a password change, a deactivation or a deletion changes that
hash in the same UPDATE, whichever way it happens). The verifier looks at all three, so there is no moment between.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction
from django.utils.crypto import constant_time_compare

import settings_app.services as config
from portal.core import derived_secrets
from portal.users.models import User
from tokens import token_format
from tokens.models import Token

KEY = "temporary_token"


def derive(key: str, token_id: str) -> str:
    """The text of the temporary token `token_id`. `key`: SECRET_KEY or a fallback.

    The same arguments give the same text, so that Profile can show it again while nothing that is stored gives it away.
    """
    return token_format.temporary(derived_secrets.derive("tokens.temporary:", token_id, key))


def begin(session: SessionBase, user: User, now: datetime) -> Token:
    """Issues the sign-in's temporary token and ends the session when the token ends."""
    former = own(session)  # signing in twice in one session leaves no second token behind
    ends = now + timedelta(minutes=config.get("session_minutes"))
    token_id = uuid.uuid4()
    text = derive(settings.SECRET_KEY, str(token_id))
    token = Token(
        id=token_id,
        user=user,
        kind=Token.Kind.TEMPORARY,
        name=f"Sign-in of {now:%Y-%m-%d %H:%M} UTC",
        digest=token_format.digest(text),
        last_four=token_format.hint(text),
        created_at=now,
        created_by=user,
        expires_at=ends,
        session_hash=user.get_session_auth_hash(),
    )
    session[KEY] = str(token_id)
    session.set_expiry(ends)
    store(session, token, former, now)
    return token


def store(session: SessionBase, token: Token, former: str | None, now: datetime) -> None:
    """Stores session and token together: what ends the session finds the token in it, and one that was ended gets no token. Raises
    SessionInterrupted for the latter."""
    with transaction.atomic():
        try:
            session.save()  # before the tokens, as where a session is ended (portal/sessions/services.py): neither waits for the other
        except UpdateError:
            raise SessionInterrupted("The session was ended before the request completed.") from None
        end({KEY: former}, now)
        token.save(force_insert=True)


def own(session: SessionBase) -> Any:
    """The key of the session's token, None if it has none."""
    return session.get(KEY)


def end(session: SessionBase | dict[str, Any], now: datetime, by: User | None = None) -> None:
    """Revokes the token of a session that ends. `session`: it, or what it holds; `by`: who ends it, if not its user by signing out."""
    if token_id := session.get(KEY):
        Token.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=now, revoked_by=by)


def password_changed(session: SessionBase, user: User, now: datetime) -> None:
    """The session in which the password was changed goes on, and its token with it; all others of the user are over."""
    mine = own(session)
    others = Token.objects.filter(user=user, kind=Token.Kind.TEMPORARY, revoked_at=None)
    others.exclude(pk=mine).update(revoked_at=now, revoked_by=user)
    others.filter(pk=mine).update(session_hash=user.get_session_auth_hash())


def end_every(user: User, now: datetime) -> None:
    """All sessions of `user` are over, and their tokens with them."""
    Token.objects.filter(user=user, kind=Token.Kind.TEMPORARY, revoked_at=None).update(revoked_at=now, revoked_by=user)


def current(session: SessionBase, now: datetime) -> Token | None:
    """The session's own token while it is valid."""
    if not (token_id := session.get(KEY)):
        return None
    token = Token.objects.active(now).filter(pk=token_id).select_related("user").first()
    return token if token and same_session(token.session_hash, token.user) else None


def same_session(session_hash: str, owner: User) -> bool:
    """Is the session hash of a temporary token still its owner's? Of the owner, password and stamp are looked at."""
    hashes = [owner.get_session_auth_hash(), *owner.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, each) for each in hashes)


def reveal(token: Token) -> str | None:
    """The text of a temporary token, derived again. None if the key it was derived under is gone."""
    for key in derived_secrets.secret_keys():
        text = derive(key, str(token.pk))
        if constant_time_compare(token_format.digest(text), bytes(token.digest)):
            return text
    return None
