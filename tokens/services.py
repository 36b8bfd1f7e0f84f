"""The services of tokens: issue and revoke. They take plain arguments, return what they made, and raise `ServiceError`."""

import uuid
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

import settings_app.services as config
from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.text import clean
from portal.users.models import User
from tokens import dates, emails, lineage, token_format
from tokens.expiry import faults as expiry_faults
from tokens.models import NAME_MAX, Token

# Tokens that are in memory, and in one statement, at a time: while Python puts 50,000 parameters together, or looks through as many objects
# for garbage, `/verify` waits for up to 126 ms.
BATCH = 500

# Of tokens, and of programs that sign their users in (`clean_name`).
NAME_RULE = f"a name of 1 to {NAME_MAX} characters, none of them invisible, < or >"


class AlreadyMade(ServiceError):
    """The same request was sent twice. The token is there; its text was shown the first time."""

    def __init__(self, token: Token) -> None:
        super().__init__(f"This form has already been submitted and created the token {token.name}. Its text can't be shown again.")
        self.token = token


def clean_name(name: str) -> str:
    """The name as it is stored (`portal.core.text.clean`). Raises ServiceError."""
    name = clean(name, NAME_MAX)
    if not name:
        raise ServiceError("Enter a name that says what the token is for.", "name")
    if "<" in name or ">" in name:
        raise ServiceError("Name can't contain < or >.", "name")
    return name


def longest_lifetime() -> int:
    """Days, from Config."""
    return config.get("token_lifetime_days")


def expiring_before(now: datetime) -> datetime:
    """Tokens that end until then are shown as Expiring: those that the notifications in Config are about, if there are any."""
    days = config.get("token_expiration_days")
    return dates.due_before(max(days), now) if days else now


def expiry_instant(day: date | None, now: datetime, parent: Token | None = None) -> datetime:
    """When a token asked for with the Expiry Date `day` ends: with that day in the portal's zone (a datetime: at that very instant);
    without one, after the longest lifetime that Config allows (one year). Never later than `parent`, with which it is created.
    Raises ServiceError."""
    most = longest_lifetime()
    latest = parent.expires_at if parent else datetime.max.replace(tzinfo=UTC)
    if day is None:
        return min(now + timedelta(days=most), latest)
    today = dates.day_of(now)
    last = today + timedelta(days=most)
    if isinstance(day, datetime):
        return checked_instant(day, now, min(dates.end_of(last), latest))
    if day <= today:
        raise ServiceError(f"Expiry date must be later than today ({today:%Y-%m-%d}).", "expires")
    if day > last:
        raise ServiceError(f"Expiry date must be on or before {last:%Y-%m-%d} ({most} days from today).", "expires")
    if parent and day > dates.day_of(parent.last_moment):
        raise ServiceError(f"Expiry date must be on or before {dates.day_of(parent.last_moment)}, when {parent.name} expires.", "expires")
    return min(dates.end_of(day), latest)


def checked_instant(instant: datetime, now: datetime, latest: datetime) -> datetime:
    """Raises ServiceError unless `instant` lies between `now` and `latest`."""
    if instant <= now:
        raise ServiceError("Expiry must be in the future.", "expires")
    if instant > latest:
        raise ServiceError(f"Expiry must be on or before {dates.ends(latest)}.", "expires")
    return instant


def require_room(owner: User, now: datetime) -> None:
    """Raises ServiceError when `owner` has as many active tokens as Config allows. The owner's row is locked, so it is exact."""
    most = config.get("tokens_per_service_account" if owner.kind == User.Kind.SERVICE else "tokens_per_person")
    if Token.objects.permanent().filter(user=owner).active(now).count() >= most:
        raise ServiceError(f"{owner.username} already has {most:,} active tokens, the maximum. Revoke one that is no longer needed.")


def issue(
    owner: User, name: str, expires: date | None, actor: Actor | None, now: datetime, request_id: uuid.UUID | None = None
) -> tuple[Token, str]:
    """Makes a permanent token. Returns it and its text, which exists nowhere else from then on.

    Raises ServiceError, AlreadyMade or PermissionDenied.
    """
    name = clean_name(name)
    text = token_format.generate()
    if request_id and actor:  # each actor's ids are their own: nobody can use up another's, or learn a name by guessing one
        request_id = uuid.uuid5(request_id, str(actor.user.pk))
    parent = lineage.presented(actor)
    with transaction.atomic():
        # The owner's row is locked, so that a deactivation at the same moment comes before (rejected here) or after (revokes it).
        rows = access.lock(actor, *access.EVERYBODY, users=Q(pk=owner.pk) | lineage.owners(parent))
        owner = rows[owner.pk]
        if actor:
            access.require(access.may_create_tokens(rows[actor.user.pk], owner, config.get("users_may_create_tokens")))
        refuse_second(request_id)
        if not owner.is_active:
            raise ServiceError(f"{owner.username} is inactive and can't get a token.")
        expires_at = expiry_instant(expires, now, parent)
        require_room(owner, now)
        names = Token.objects.permanent().filter(user=owner, name=name)
        names.filter(expires_at__lte=now, holds_name=True).update(holds_name=False)
        if names.active(now).exists():
            raise ServiceError(f"{owner.username} already has an active token named {name}.", "name")
        token = Token(user=owner, name=name, created_at=now, expires_at=expires_at, request_id=request_id)
        token.created_by, token.created_with = actor.user if actor else None, parent
        token.digest, token.last_four = token_format.digest(text), token_format.hint(text)
        try:
            with transaction.atomic():
                token.save(force_insert=True)
        except IntegrityError:  # the same request for two owners at once: the lock on one owner's row keeps neither waiting
            refuse_second(request_id)
            raise
        audit.record(
            actor, token, audit.CREATE, user=("", owner), expires_on=("", token.expires_on), expires_at=("", expires_at.isoformat())
        )
        if actor:
            emails.queue_token_created(token)
    return token, text


def refuse_second(request_id: uuid.UUID | None) -> None:
    """Raises AlreadyMade if a token was made for this request before."""
    if request_id and (made := Token.objects.filter(request_id=request_id).select_related("user").first()):
        raise AlreadyMade(made)


def revoked_already(token: Token) -> str:
    """What is said to those who come second."""
    return f"{token.name} has already been revoked."


def revoke(token: Token, actor: Actor | None, now: datetime) -> bool:
    """Ends one token at once, and with it those that were created with it. False when it was revoked before (by somebody else, a
    moment ago): nothing is changed then."""
    with transaction.atomic():
        rows = access.lock(actor, *access.EVERYBODY, users=Q(pk=token.user_id))
        if actor:
            access.require(access.may_revoke(rows[actor.user.pk], token))
        if not Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now, revoked_by=actor and actor.user):
            return False
        expiry_faults.clear_for([token], now)
        audit.record(actor, token, audit.UPDATE, revoked_at=("", now.isoformat()))
        end_created_with([token], actor, now)
    token.revoked_at, token.revoked_by = now, actor.user if actor else None
    return True


def revoke_many(tokens: list[Token], actor: Actor | None, now: datetime) -> int:
    """Ends several tokens. Returns how many were not revoked before."""
    return sum(revoke(token, actor, now) for token in tokens)


def revoke_together(keys: list[uuid.UUID], actor: Actor, now: datetime) -> int:
    """Ends those of a batch of tokens that are not revoked yet, in one transaction, recorded as `revoke` records each. Returns how many.
    Raises PermissionDenied unless the actor is an administrator."""
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR, users=Q(pk__in=Token.objects.filter(pk__in=keys).values("user")))
        tokens = list(Token.objects.filter(pk__in=keys, revoked_at=None).select_for_update(no_key=True).order_by("pk"))
        open_keys = [token.pk for token in tokens]
        if Token.objects.filter(pk__in=open_keys, revoked_at=None).update(revoked_at=now, revoked_by=actor.user) != len(tokens):
            raise RuntimeError("A token was revoked although its row is locked.")
        expiry_faults.clear_for(tokens, now)
        audit.record_all(actor, tokens, audit.UPDATE, revoked_at=("", now.isoformat()))
        end_created_with(tokens, actor, now)
    return len(tokens)


def end_created_with(tokens: list[Token], actor: Actor | None, now: datetime) -> None:
    """Ends what was created with `tokens`, in the transaction that ended these and holds their owners' locks."""
    created = lineage.descendants([token.pk for token in tokens], now)
    Token.objects.filter(pk__in=[token.pk for token in created], revoked_at=None).update(revoked_at=now, revoked_by=actor and actor.user)
    expiry_faults.clear_for(created, now)
    audit.record_all(actor, created, audit.UPDATE, revoked_at=("", now.isoformat()), because=("", "the token that created it was revoked"))


def ids(texts: list[str]) -> list[uuid.UUID]:
    """Those of `texts` that are ids at all."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(uuid.UUID(text))
    return found


def end_all(user: User, actor: Actor | None, now: datetime) -> int:
    """Ends every token of `user`, permanent and temporary, in the transaction that ends the user's access and checked the actor."""
    with transaction.atomic():
        live = Token.objects.filter(user=user).active(now)
        permanent = list(live.permanent().order_by("pk").values_list("pk", flat=True))
        ended = live.update(revoked_at=now, revoked_by=actor and actor.user)
        for start in range(0, len(permanent), BATCH):
            part = list(Token.objects.filter(pk__in=permanent[start : start + BATCH]).order_by("pk"))
            expiry_faults.clear_for(part, now)
            audit.record_all(actor, part, audit.UPDATE, revoked_at=("", now.isoformat()))
            end_created_with(part, actor, now)
    return ended
