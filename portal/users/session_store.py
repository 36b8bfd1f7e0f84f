"""Sessions in the database, under a hash of the key that the cookie holds (SESSION_ENGINE)."""

import hashlib

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone


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

    # Django's own asynchronous methods would pass the key to the database as it is; these call the methods above.
    aload, aexists, acreate, asave, adelete = (
        SessionBase.aload,
        SessionBase.aexists,
        SessionBase.acreate,
        SessionBase.asave,
        SessionBase.adelete,
    )
