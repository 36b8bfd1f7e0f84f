"""An entry made of what a service knows: the actor, the target and the changes."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model

from portal.audit.models import NAME_MAX, Entry
from portal.core import request_context
from portal.core.actors import Actor

# What `Actor.trace` returns, and the column that keeps it.
OF_TOKEN = {
    "token_name": "credential_name",
    "token_hint": "credential_hint",
    "token_owner": "credential_owner",
    "token_created_by": "credential_created_by",
}


class Target(NamedTuple):
    """What an entry is about. `id` is stable, `name` is what it was called at that time."""

    kind: str
    id: str
    name: str


def kind_of(target: Model) -> str:
    """A model can have an `audit_kind`; by default it is the model's name."""
    return str(getattr(target, "audit_kind", target._meta.model_name))


def target_of(target: Model) -> Target:
    """A model can have an `audit_id`; by default it is the primary key."""
    return Target(kind_of(target), str(getattr(target, "audit_id", target.pk)), clean(str(target))[:NAME_MAX])


def clean(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\0", "")


def source(actor: Actor | None, came_from: Actor | None) -> dict[str, Any]:
    """The columns that say who, by what and from where. `came_from`: the actor, or a client that is nobody."""
    context = request_context.current()
    columns: dict[str, Any] = {"channel": context.channel, "request_id": context.request_id}
    if actor:
        columns |= {"actor_id": actor.user.pk, "actor_name": str(actor.user)}
    if came_from:
        columns |= {"address": came_from.address} | credential(came_from.trace())
    return columns


def credential(trace: dict[str, str]) -> dict[str, str]:
    """The columns of `Actor.trace`."""
    columns = {"user_agent": trace.get("user_agent", "")}
    if "token" in trace:
        return columns | {"credential_kind": "token", "credential_id": trace["token"]} | of_token(trace)
    return columns | ({"credential_kind": "session", "credential_id": trace["session"]} if "session" in trace else {})


def of_token(trace: dict[str, str]) -> dict[str, str]:
    return {column: trace[name] for name, column in OF_TOKEN.items() if name in trace}


def entry(source: dict[str, Any], target: Model, event: str, **columns: Any) -> Entry:
    """An entry that is not stored yet."""
    about = target_of(target)
    return Entry(event=event, target_kind=about.kind, target_id=about.id, target_name=about.name, **source, **columns)


def about_the_trail(event: str, now: datetime, **details: str | int) -> Entry:
    """An entry about the audit trail itself, by nobody. It is not stored yet."""
    about = {"target_kind": "audit", "target_id": "trail", "target_name": "Audit trail"}
    return Entry(at=now, event=event, details=details, **about, **source(None, None))
