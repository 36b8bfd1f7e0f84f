"""Sessions in the database, under a hash of the key that the cookie holds (SESSION_ENGINE)."""

import hashlib

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction
from django.utils import timezone

from portal.users.signals import session_key_changed


def stored(key: str) -> str:
    """The `session_key` of the row for the cookie's `key`: as much of its SHA-256 as fits the column (160 bits).

    Neither salted nor slow, since Django's keys have 165 random bits; not keyed, so that a new SECRET_KEY ends no session by itself.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Django's, except that reading the table gives no key that a cookie could carry. Has Django's class name, which is part of
    the salt under which session data is signed: what earlier releases signed can still be read."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        key = stored(self.session_key or "")  # none if the cookie's is too short to be one
        row = self.model.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: dict[str, object]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(stored(key))

    def cycle_key(self) -> None:
        """Django's deletes the row of the former key without asking whether it was still there, and so would bring back a session that
        somebody has ended while this request was being served. Raises SessionInterrupted for one that was signed in."""
        data, key = dict(self.items()), self.session_key
        with transaction.atomic():
            self.create()
            self._session_cache = data
            if key is None:
                return
            before, after = stored(key), stored(self.session_key or "")
            session_key_changed.send(sender=type(self), before=before, after=after)
            if not self.model.objects.filter(session_key=before).delete()[0] and SESSION_KEY in data:
                raise SessionInterrupted("The session was ended before the request completed.")

    # Django's own asynchronous methods would pass the key to the database as it is; these call the methods above.
    aload, aexists, acreate, asave, adelete = (
        SessionBase.aload,
        SessionBase.aexists,
        SessionBase.acreate,
        SessionBase.asave,
        SessionBase.adelete,
    )
