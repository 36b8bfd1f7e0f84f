"""Reads one variable of the environment with a type, or stops the start with one clear line.

Used by `portal.settings` alone. django-environ does the parsing; what is added is the error: Django's own shows a
traceback of forty lines in which the variable's name is hard to find.
"""

import ipaddress
import os
import secrets
import sys
import warnings
import zoneinfo
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ
from django.core.mail.message import sanitize_address

env = environ.Env()
BOOLEANS = {"true", "false", "yes", "no", "on", "off", "1", "0"}  # django-environ takes whatever else there is for false
DATABASES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}  # those that the tests run on


def stop(name: str, problem: str) -> NoReturn:
    """Ends the process with exit status 1 and one line on stderr. The value itself is not shown: it may be a secret."""
    sys.exit(f"Configuration error: {name} {problem}")


def read(name: str, kind: str, default: Any, expected: str) -> Any:
    """The variable `name` through django-environ's reader `kind` ("int", "bool", "db_url", ...). An empty one counts as not set."""
    if not os.environ.get(name, "").strip():
        return default
    if kind == "str":
        return os.environ[name]  # django-environ would take a password that begins with "$" for another variable's name
    if kind == "bool" and os.environ[name].strip().lower() not in BOOLEANS:
        stop(name, f"must be {expected}.")
    try:
        with warnings.catch_warnings(action="error", category=UserWarning):  # it shows a bad address, with its password
            value = getattr(env, kind)(name)
    except Exception:  # each of django-environ's readers raises its own
        stop(name, f"must be {expected}.")
    if kind == "db_url" and value["ENGINE"] not in DATABASES:
        stop(name, f"must be {expected}.")
    return value


def whole_number(name: str, default: int, low: int, high: int) -> int:
    value = read(name, "int", default, f"a whole number from {low} to {high}")
    if not low <= value <= high:
        stop(name, f"must be a whole number from {low} to {high}.")
    return value


def origin(name: str, default: str) -> str:
    """An address such as `https://portal.example.com`, without a path."""
    value = read(name, "str", default, "an address").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        stop(name, "must be an address such as https://portal.example.com, without a path.")
    return value


def folder(name: str, default: Path) -> Path:
    """A folder that is there, and that nobody else on this machine can read: sessions and unsent mail are in it."""
    path = Path(read(name, "str", str(default), "a folder")).resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError:
        stop(name, "must be a folder that the portal may make and write.")
    return path


def redis_address(name: str) -> str:
    """A Redis address; empty when it is not set."""
    value = read(name, "str", "", "an address")
    try:
        parts = urlsplit(value)
        good = not value or (parts.scheme in ("redis", "rediss", "unix") and bool(parts.port or parts.hostname or parts.path))
    except ValueError:
        good = False
    if not good:
        stop(name, "must be an address such as redis://host:6379/0.")
    return value


def names(name: str, default: list[str]) -> list[str]:
    """Words separated by commas, at least one."""
    value = [word.strip() for word in read(name, "list", default, "names separated by commas") if word.strip()]
    if not value:
        stop(name, "must be one or more names separated by commas.")
    return value


def sender(name: str, default: str) -> str:
    """The From of every mail, such as `Token Portal <portal@example.com>`."""
    value = read(name, "str", default, "an address")
    try:
        sanitize_address(value, "utf-8")
    except ValueError:
        stop(name, "must be an address such as Token Portal <portal@example.com>.")
    return value


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks separated by commas: `127.0.0.1, 10.0.0.0/8`."""
    try:
        return [ipaddress.ip_network(text.strip()) for text in os.environ.get(name, "").split(",") if text.strip()]
    except ValueError:
        stop(name, "must be addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8.")


def time_zone(name: str, default: str) -> str:
    value = read(name, "str", default, "a time zone")
    if value not in zoneinfo.available_timezones() - {"localtime"}:  # which PostgreSQL does not know
        stop(name, "must be a time zone's name such as Europe/Berlin.")
    return value


def kept_secret(name: str, path: Path | None) -> str:
    """The secret `name`. With a `path` (the embedded run) a missing one is made once and kept there, readable by its owner alone."""
    value = os.environ.get(name, "").strip()
    if value:
        if len(value) < 32:
            stop(name, "must have at least 32 characters.")
        return value
    if path is None:
        stop(name, "must be set: only the embedded run (no DATABASE_URL) makes one by itself.")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(value := secrets.token_urlsafe(50))
    return value
