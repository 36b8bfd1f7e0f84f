"""What the environment's plain values must look like. Each function takes the text and raises ValueError."""

import zoneinfo
from collections.abc import Callable
from email.utils import formataddr, parseaddr, quote
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import EmailValidator

from portal.core.domains import email_address
from portal.core.errors import ServiceError
from portal.core.text import clean

Network = IPv4Network | IPv6Network
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError("neither true nor false")
    return BOOLEANS[text.lower()]


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:  # int() takes 1_000 and other scripts' digits
            raise ValueError("not such a number")
        return int(text)

    return parse


def words(text: str) -> list[str]:
    """At least one, separated by commas."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found:
        raise ValueError("nothing between the commas")
    return found


def name(text: str) -> str:
    """A name for pages and emails: one line, with single spaces."""
    if "<" in text or ">" in text:
        raise ValueError("not a name")
    try:
        return " ".join(clean(text, 80).split())
    except ServiceError as error:
        raise ValueError(str(error)) from None


def key(text: str) -> str:
    """A secret key: 32 characters at least, and nothing that somebody typed to fill them. Django's own check (security.W009) asks for
    five different characters; a random key has more than eight of them even in hexadecimal digits."""
    repeated = any(text.startswith(text[size:]) for size in range(1, len(text) // 2 + 1))  # one piece, several times, maybe cut at the end
    if len(text) < 32 or len(set(text)) < 8 or repeated or "insecure" in text or "token_urlsafe" in text:
        raise ValueError("weak")
    return text


def keys(text: str) -> list[str]:
    return [key(word) for word in words(text)]


def password(text: str) -> str:
    """A password by Django's rules, without those that need a user. `portal.users` applies all that AUTH_PASSWORD_VALIDATORS names;
    while the settings are read, the validators cannot yet make their messages."""
    from django.contrib.auth import password_validation as rules  # it takes longer to load than all else here

    common = rules.CommonPasswordValidator().passwords
    if len(text) < rules.MinimumLengthValidator().min_length or text.isdigit() or text.lower().strip() in common:
        raise ValueError("weak")
    return text


def networks(text: str) -> list[Network]:
    """Addresses and networks separated by commas: `127.0.0.1, 10.1.2.0/24`. None that is half of the internet."""
    found = [ip_network(word) for word in words(text)]
    if any(network.prefixlen < (8 if network.version == 4 else 16) for network in found):
        raise ValueError("everybody")
    return found


def time_zone(text: str) -> str:
    names = {zone.lower(): zone for zone in zoneinfo.available_timezones() - {"localtime"}}  # which PostgreSQL does not know
    if text.lower() not in names:
        raise ValueError("no time zone")
    return names[text.lower()]


def username(text: str) -> str:
    """A user's name: an email address, or a name without @. (`portal.users` has the rest of the rules.)"""
    if "@" in text:
        return valid_email(text if text.isascii() else email_address(text))
    if not text.isprintable() or " " in text or len(text) > 150:
        raise ValueError("no user name")
    return text


def sender(text: str) -> str:
    """One address, `Token Portal <portal@example.com>`, its domain in ASCII. A host without a dot may be one inside a network."""
    try:
        sanitize_address(text, "utf-8")
    except Exception:  # Python's parser of addresses fails in many ways
        raise ValueError("no address, or more than one") from None
    display, address = parseaddr(text)
    address = email_address(address)
    valid_email(address, allowlist=[address.rpartition("@")[2]])
    return formataddr((display, address)) if display.isascii() else f'"{quote(display)}" <{address}>'


def valid_email(address: str, **rules: Any) -> str:
    try:
        EmailValidator(**rules)(address)
    except ValidationError:
        raise ValueError("no email address") from None
    return address


def path(base: Path) -> Callable[[str], Path]:
    """A folder; one that does not begin with / or ~ begins at `base`."""

    def parse(text: str) -> Path:
        try:
            return (base / Path(text).expanduser()).resolve()
        except (OSError, RuntimeError):  # a home that nobody has, a link to itself
            raise ValueError("no folder") from None

    return parse


def file(base: Path) -> Callable[[str], Path]:
    """A file that can be read now; a path that does not begin with / or ~ begins at `base`."""

    def parse(text: str) -> Path:
        found = path(base)(text)
        try:
            found.open("rb").close()
        except OSError:
            raise ValueError("no file that can be read") from None
        return found

    return parse


def header(text: str) -> str:
    """What may be the value of an HTTP header: visible ASCII characters, and spaces between them."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("no text in ASCII")
    return text


def static_folder(base: Path) -> Callable[[str], Path]:
    """Where collectstatic writes, which may delete what it finds there: no folder that holds code or what it copies from."""

    def parse(text: str) -> Path:
        found = path(base)(text)
        sources = [base / source for source in ("static", "templates", "portal", "tokens", "settings_app", "docs", "tests")]
        if base.is_relative_to(found) or any(found.is_relative_to(source) for source in sources):
            raise ValueError("a folder of sources")
        return found

    return parse
