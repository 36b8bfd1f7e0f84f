"""How the text of a key of Config becomes a value, and back. A function takes the text as typed and returns the typed value, or raises
ValueError with a sentence that names what is wrong and where."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.core.domains import email_address

MAX_ADDRESSES = 100
ADDRESS_LENGTH = 254  # RFC 5321, and what a notice's row holds
LINE_BREAK = re.compile(r"\s*;?\s*[\r\n]\s*")
OTHER_SEPARATOR = re.compile(r"[,\s]+")


def pieces(text: str) -> list[str]:
    """The parts between semicolons, in order. One semicolon at the end is let pass; an empty part elsewhere is not."""
    parts = [part.strip() for part in text.strip().removesuffix(";").split(";")]
    if not all(parts):
        raise ValueError("Remove the extra semicolon.")
    return parts


def separated_otherwise(part: str, is_value: Callable[[str], bool]) -> bool:
    """Is `part` several values with a comma or a space between them?"""
    values = OTHER_SEPARATOR.split(part)
    return len(values) > 1 and all(map(is_value, values))


def whole_number(text: str, low: int, high: int, unit: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not low <= int(text) <= high:
        raise ValueError(f"'{text[:40]}' is not a whole number of {unit} from {low:,} to {high:,}.")
    return int(text)


def days(text: str) -> tuple[int, ...]:
    """`"30;7;1"` -> `(30, 7, 1)`: largest first, each once."""
    if any(separated_otherwise(part, str.isdigit) for part in pieces(text)):
        raise ValueError("Separate days with semicolons.")
    return tuple(sorted({whole_number(part, 1, 365, "days") for part in pieces(text)}, reverse=True))


def is_address(text: str) -> bool:
    """An email address that can be stored and queued: not a quoted one (`"a,b"@x.org`), whose comma the mail queue splits at."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= ADDRESS_LENGTH and '"' not in text


def same_mailbox(address: str) -> str:
    """The form in which two spellings of an address are equal: any case of letters, and a domain in its ASCII form (IDNA)."""
    with suppress(ValueError):  # a value that was stored before must stay readable, whatever its domain
        address = email_address(address)
    return address.lower()


def addresses(text: str) -> tuple[str, ...]:
    """`"a@x.org;b@x.org"`, or one address a line -> `("a@x.org", "b@x.org")`. One that is listed twice is an error, not dropped."""
    found: dict[str, str] = {}
    for part in pieces(LINE_BREAK.sub(";", text.strip())):
        if separated_otherwise(part, is_address):
            raise ValueError("Separate addresses with semicolons.")
        if not is_address(part):
            raise ValueError(f"'{part[:80]}' is not an email address.")
        if same_mailbox(part) in found:
            raise ValueError(f"'{part}' is listed twice.")
        found[same_mailbox(part)] = part
    if len(found) > MAX_ADDRESSES:
        raise ValueError(f"{len(found)} addresses are too many: at most {MAX_ADDRESSES}. Use a mailing list.")
    return tuple(found.values())


def minutes(text: str) -> int:
    return whole_number(text.strip(), 5, 43_200, "minutes")


def lifetime(text: str) -> int:
    return whole_number(text.strip(), 1, 365, "days")


def cache_seconds(text: str) -> int:
    """0, or enough for a client whose clock is a few seconds fast."""
    if text.strip() == "0":
        return 0
    try:
        return whole_number(text.strip(), 30, 86_400, "seconds")
    except ValueError as error:
        raise ValueError(f"{str(error).removesuffix('.')}, or 0.") from None


def audit_days(text: str) -> int:
    return whole_number(text.strip(), 90, 3650, "days")


def token_count(text: str) -> int:
    return whole_number(text.strip(), 1, 10_000, "tokens")


def flag(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(f"'{text.strip()[:40]}' must be true or false.")
    return text.strip().lower() == "true"


GROUPS_OF_USERS = ("nobody", "administrators", "everybody")


def group_of_users(text: str) -> str:
    if text.strip().lower() not in GROUPS_OF_USERS:
        raise ValueError(f"'{text.strip()[:40]}' must be nobody, administrators or everybody.")
    return text.strip().lower()


def grace_days(text: str) -> int:
    return whole_number(text.strip(), 0, 90, "days")


def recent_minutes(text: str) -> int:
    return whole_number(text.strip(), 0, 1_440, "minutes")


def username(text: str) -> str:
    if not text.strip() or len(text) > 150 or len(text.split()) > 1:
        raise ValueError(f"'{text.strip()[:40]}' is not a username.")
    return text.strip()


def joined(values: tuple[Any, ...]) -> str:
    return ";".join(map(str, values))
