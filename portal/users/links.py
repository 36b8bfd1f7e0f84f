"""The one-time links by which a person sets a password: those in invitations and in password resets.

A link's key is an HMAC under SECRET_KEY, so the portal computes it when the email is sent and again when the link is opened, and stores
it nowhere. It stops working when the password is set, at the next sign-in, when the user is deactivated or deleted, and after
PASSWORD_RESET_TIMEOUT.
"""

import hashlib

from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.sessions.backends.base import SessionBase
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int

from portal.notifications.renderers import absolute_url
from portal.users import local_passwords
from portal.users.models import User

OPENED = "opened_password_link"


class KeyGenerator(PasswordResetTokenGenerator):
    """Django's, bound to the session stamp too: what ends all of a user's sessions ends the links."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.session_stamp}"

    def check_token(self, user: User | None, token: str | None) -> bool:
        return bool(user and user.may_sign_in and super().check_token(user, token) and local_passwords.allowed(user))

    def keys_of(self, user: User, timestamp: int) -> list[str]:
        """Every key that a link of `user` made at `timestamp` can have: one for SECRET_KEY and for each fallback."""
        return [self._make_token_with_timestamp(user, timestamp, secret) for secret in (self.secret, *self.secret_fallbacks)]


generator = KeyGenerator()


def link(user: User) -> str:
    """A link by which `user` can set a password once, within PASSWORD_RESET_TIMEOUT seconds from now. Writes no row."""
    values = {"uidb36": user_pk_to_url_str(user), "key": generator.make_token(user)}
    return absolute_url(reverse("account_reset_password_from_key", kwargs=values))


def user_of(uid: str) -> User | None:
    """Whose link it is. `uid`: the first part of the link's key, a number in base 36."""
    try:
        return User.objects.filter(pk=url_str_to_user_pk(uid)).first()
    except ValueError:  # what is too long to be a number, too
        return None


def remember(session: SessionBase, user: User, key: str) -> None:
    """Notes in the session that the valid link with `key` was opened, so that the form's address need not hold the key. The session gets
    what the key is computed from, and a digest to compare with: nothing that opens the link anywhere else."""
    session[OPENED] = {"user": user.pk, "made": key.split("-")[0], "digest": digest(key)}


def opened(session: SessionBase, user: User | None) -> str | None:
    """The key of the link of `user` that was opened in this session, computed again. None if the user has changed since in a way that
    ends the link, or if none was opened."""
    note = session.get(OPENED)
    if user is None or note is None or note["user"] != user.pk:
        return None
    keys = generator.keys_of(user, base36_to_int(note["made"]))
    return next((key for key in keys if constant_time_compare(digest(key), note["digest"])), None)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
