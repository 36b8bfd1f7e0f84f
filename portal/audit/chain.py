"""The hash of an entry: SHA-256 of the hash of the entry before it and of all the entry's columns.

The columns are written as a JSON array in the order of COLUMNS: without spaces, keys of objects sorted, times in UTC with microseconds.
What is hashed is what the database returns, so that its forms of an address or of JSON make no difference.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

# Every column but the two hashes. A later release that adds a column adds a format, and keeps this one for entries that are sealed.
COLUMNS = (
    "id", "sequence", "at", "event", "actor_id", "actor_name", "credential_kind", "credential_id", "credential_name", "credential_hint",
    "credential_owner", "credential_created_by", "channel", "request_id", "address", "user_agent", "target_kind", "target_id",
    "target_name", "target_key", "changes", "details", "count", "last_at", "open_until", "former_id",
)  # fmt: skip
SEQUENCE = COLUMNS.index("sequence")
START = bytes(32)  # what takes the place of the hash before the first entry


def hash_of(previous: bytes, values: Sequence[Any]) -> bytes:
    """`previous`: the hash of the entry before; `values`: the entry's, in the order of COLUMNS, its sequence among them. 32 bytes."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=in_utc)
    return hashlib.sha256(previous + text.encode("utf-8", "surrogatepass")).digest()


def in_utc(value: Any) -> str:
    """Times, which JSON does not have."""
    if not isinstance(value, datetime):
        raise TypeError(f"no JSON for {type(value).__name__}")
    return value.astimezone(UTC).isoformat(timespec="microseconds")
