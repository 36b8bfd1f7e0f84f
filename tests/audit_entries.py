"""Entries of the audit trail for tests of its pages, as the services would have written them."""

from typing import Any

from django.db.models import QuerySet

from portal.audit.models import Entry
from portal.users.models import User
from tests import clock

HASH = bytes(range(32))


def entry(actor: User | None = None, event: str = "token.revoked", **columns: Any) -> Entry:
    """An entry of `actor` about a token, by default; not sealed."""
    about = {"target_kind": "token", "target_id": "6f1c1c5e-0000-4000-8000-000000000001", "target_name": "deploy (tpp_…4f2k)"}
    who = {"actor": actor, "actor_name": actor.username} if actor else {}
    return Entry.objects.create(**{"at": clock.now(), "event": event, "channel": "page", **about, **who, **columns})


def sealed(number: int, **columns: Any) -> Entry:
    return entry(sequence=number, previous_hash=HASH[::-1], hash=HASH, **columns)


def forget_sign_ins() -> None:
    """Deletes the entries that a test's visitors have left by signing in, which nothing of the portal could do."""
    QuerySet(Entry).filter(event="signed_in").delete()
