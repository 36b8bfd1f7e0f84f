"""Versions of rows: what somebody read, to be compared in the transaction that writes.

A version is a digest of the values that can be edited, not a counter: nothing to store, to migrate or to forget to count up, whatever
writes the row, and a value that was changed and changed back is no conflict for anybody.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from django.http import QueryDict
from django.utils.http import parse_etags

Versions = Collection[str] | None  # those that a writer accepts; None: whatever there is


def version(**values: Any) -> str:
    """The version of a row with these values, which JSON must be able to hold. Equal for equal values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


def accepts(versions: Versions, current: str) -> bool:
    return versions is None or current in versions


def of_form(data: QueryDict) -> Versions:
    """What a confirmation was shown: its field `version`. A form without one (of an older release) accepts whatever there is."""
    return [data.get("version", "")] if "version" in data else None


def etag(version: str) -> str:
    return f'"{version}"'


def of_if_match(header: str | None) -> Versions:
    """The versions that an If-Match header names (RFC 9110, section 13.1.1). `*` accepts every version of what exists. A weak tag never
    matches, since the comparison is the strong one; neither does what is no tag at all."""
    if header is None or header.strip() == "*":
        return None
    return [tag.strip('"') for tag in parse_etags(header) if tag.startswith('"')]
