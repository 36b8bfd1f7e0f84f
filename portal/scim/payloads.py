"""Bodies of requests as JSON, before the library sees them."""

import json
from typing import Any, NoReturn

from portal.scim.errors import SENTENCES, ScimError

TYPES = ("application/scim+json", "application/json")
DEEPEST = 12  # a user's attributes in an extension's list of a PATCH operation are 7 deep


def read(content_type: str | None, body: bytes) -> dict[str, Any]:
    """A request's body, an object. Its length has been checked (portal/core/request_bodies.py). Raises ScimError."""
    if content_type not in TYPES:
        raise ScimError(415, SENTENCES[415])
    try:
        data = json.loads(body, parse_constant=reject_constant)
    except (ValueError, RecursionError):
        raise ScimError(400, "The body is not valid JSON.", "invalidSyntax") from None
    if not isinstance(data, dict):
        raise ScimError(400, "The body must be an object.", "invalidSyntax")
    check(data, DEEPEST)
    return data


def reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def check(value: Any, levels: int) -> None:
    """Raises ScimError for what is nested deeper than `levels`, and for text that no database stores."""
    if levels == 0:
        raise ScimError(400, f"The body is nested deeper than {DEEPEST} levels.", "invalidSyntax")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, each in value.items():
            check_text(name)
            check(each, levels - 1)
    elif isinstance(value, list):
        for each in value:
            check(each, levels - 1)


def check_text(text: str) -> None:
    """Raises ScimError for NUL, which PostgreSQL does not store, and for half of a surrogate pair, which is no character."""
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ScimError(400, "Text can't contain NUL or half of a surrogate pair.", "invalidValue")
