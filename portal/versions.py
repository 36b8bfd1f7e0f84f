"""Versions of rows: what somebody read, to be compared in the transaction that writes.

A version is a digest of the values that can be edited, not a counter: nothing to store, to migrate or to forget to count up, whatever
writes the row, and a value that was changed and changed back is no conflict for anybody.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any

Versions = Collection[str] | None  # those that a writer accepts; None: whatever there is


def version(**values: Any) -> str:
    """The version of a row with these values, which JSON must be able to hold. Equal for equal values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


def accepts(versions: Versions, current: str) -> bool:
    return versions is None or current in versions
