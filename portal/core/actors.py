"""Who acts, and by what: the user, and the session or token that the request came with.

Services take an `Actor`, never a request. `portal.core.permissions.lock` checks it again inside the transaction that writes.
"""

import hashlib
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from portal.core.redaction import redact


class Credential(Protocol):
    """What a request was authenticated by."""

    def is_valid(self, owner: Any) -> bool:
        """Is it still valid? `owner`: the user's row as it is now."""

    def trace(self) -> dict[str, str]:
        """What the audit trail keeps of it. Nothing by which anybody could sign in."""


@dataclass(frozen=True)
class SessionCredential:
    """A sign-in in a browser. `key`: the cookie's value; `auth_hash`: Django's session auth hash, which a new password changes."""

    key: str | None
    auth_hash: str

    @classmethod
    def of(cls, session: SessionBase) -> "SessionCredential":
        return cls(session.session_key, session.get(HASH_SESSION_KEY, ""))

    def is_valid(self, owner: Any) -> bool:
        hashes = [owner.get_session_auth_hash(), *owner.get_session_auth_fallback_hash()]
        if not self.key or not any(constant_time_compare(self.auth_hash, each) for each in hashes):
            return False
        return import_module(settings.SESSION_ENGINE).SessionStore().exists(self.key)

    def trace(self) -> dict[str, str]:
        return {"session": hashlib.sha256(self.key.encode()).hexdigest()[:16]} if self.key else {}


@dataclass(frozen=True)
class Actor:
    """`credential`: None where there is none to check (a command, the demo). `address`, `user_agent`: where the request came from."""

    user: Any
    credential: Credential | None = None
    address: str | None = None
    user_agent: str = ""

    def is_valid(self, row: Any) -> bool:
        """May this actor still act? `row`: the user's row as it is now, None if it is gone."""
        return row is not None and row.is_active and (self.credential is None or self.credential.is_valid(row))

    def trace(self) -> dict[str, str]:
        """What the audit trail keeps beside the user and the address."""
        agent = {"user_agent": redact(self.user_agent)[:200]} if self.user_agent else {}
        return agent | (self.credential.trace() if self.credential else {})
