"""An entry of the audit trail as JSON: the export, the feed, syslog and the HTTPS push all send this. docs/audit.md has the names; a name
never changes its meaning, and new ones may be added."""

import json
from datetime import UTC, datetime
from typing import Any

from portal.audit.models import Entry


def as_json(entry: Entry) -> dict[str, Any]:
    """`entry` as plain JSON types. `sequence`, `hash` and `previous_hash` are null until it is sealed."""
    return {
        "id": entry.pk,
        "sequence": entry.sequence,
        "at": instant(entry.at),
        "event": entry.event,
        "actor": {"id": entry.actor_id, "name": entry.actor_name} if entry.actor_id else None,
        "credential": credential(entry),
        "channel": entry.channel,
        "request_id": entry.request_id,
        "address": entry.address,
        "user_agent": entry.user_agent,
        "target": {"kind": entry.target_kind, "id": entry.target_id, "name": entry.target_name},
        "changes": {field: {"before": before, "after": after} for field, (before, after) in entry.changes.items()},
        "details": entry.details,
        "count": entry.count,
        "last_at": instant(entry.last_at) if entry.last_at else None,
        "previous_hash": hexadecimal(entry.previous_hash),
        "hash": hexadecimal(entry.hash),
    }


def credential(entry: Entry) -> dict[str, str] | None:
    """The session or token that the actor was authenticated by. Nothing by which anybody could sign in."""
    if not entry.credential_kind:
        return None
    parts = {"id": entry.credential_id, "name": entry.credential_name, "hint": entry.credential_hint, "owner": entry.credential_owner}
    parts["created_by"] = entry.credential_created_by
    return {"kind": entry.credential_kind} | {name: value for name, value in parts.items() if value}


def instant(at: datetime) -> str:
    """`2026-11-28T13:51:37.123456Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def hexadecimal(digest: bytes | memoryview | None) -> str | None:
    return bytes(digest).hex() if digest else None


def as_line(entry: Entry) -> str:
    """`as_json` as a line of NDJSON, without its line break."""
    return json.dumps(as_json(entry), ensure_ascii=False, separators=(",", ":"))
