"""Reads one variable of the environment with a type, or stops the start with one clear line.

Used by `portal.settings` alone. What a value must look like is in `environment_values` and `environment_urls`: functions that take
the text, return the typed value in its one normal form, and raise ValueError.
"""

import io
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import environ

from portal.env.providers import Provider, ProviderError, load
from portal.env.values import key, path

Value = TypeVar("Value")
env = environ.Env()
ASSIGNMENT = re.compile(r"(?:export )?[A-Za-z_0-9]+=")  # what django-environ reads; other lines it passes over

# Each of these can be in a file instead, as container secrets are: `SECRET_KEY_FILE=/run/secrets/secret_key`.
SECRETS = {
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "PORTAL_ADMIN_PASSWORD",
    "AUDIT_HTTPS_TOKEN",
}
PASSWORDS = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "PORTAL_ADMIN_PASSWORD"}  # a space at an end is part of them
SHARED = ("/etc", "/home", "/opt", "/tmp", "/usr", "/var/lib", "/var/tmp")  # folders that hold other programs' data too
KEYS = {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}  # quotation marks are part of them: without them, sessions would end


def stop(name: str, problem: str) -> NoReturn:
    """Ends the process with exit status 1 and one line on stderr. The value itself is not shown: it may be a secret."""
    sys.exit(f"Configuration error: {name} {problem}")


def read_file(path: Path) -> None:
    """Reads `.env`. A variable of the environment wins over one in the file. A file that is there and cannot be read, or a line that is
    no assignment, stops the start: without them the portal would run with another database and another key."""
    if not path.exists():
        return
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError):
        stop(path.name, "must be a text file in UTF-8 that the portal can read.")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#") and not ASSIGNMENT.match(line):
            stop(f"{path.name}, line {number},", "must be NAME=value, without spaces before the =.")
    env.read_env(io.StringIO(text))


def read(name: str, parse: Callable[[str], Value], default: Value, expected: str) -> Value:
    """What `parse` makes of the variable `name`, or `default` if that is empty or not set. `expected` says what it must be."""
    text = value(name)
    if not text:
        return default
    try:
        return parse(text)
    except ValueError:
        stop(name, f"must be {expected}.")


def value(name: str) -> str:
    """The text of the variable, or of the file that `<name>_FILE` names; "" if neither is set."""
    text = os.environ.get(name, "")
    if name in SECRETS and (path := os.environ.get(f"{name}_FILE", "").strip()):
        if text.strip():
            stop(name, f"must not be set together with {name}_FILE.")
        text = content(name, path)
    try:
        text.encode()
    except UnicodeEncodeError:
        stop(name, "must be text in UTF-8.")
    if not text.strip():
        return ""
    if name in PASSWORDS:
        return text
    text = text.strip()
    return text if name in KEYS else without_quotes(text)


def content(name: str, path: str) -> str:
    """The one line of a secret's file; the line break at its end is not part of it."""
    try:
        text = Path(path).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError):
        stop(f"{name}_FILE", "must name a file that the portal can read.")
    if not text.strip() or any(character in text for character in "\n\r\0"):
        stop(f"{name}_FILE", "must name a file of exactly one line.")
    return text


def without_quotes(text: str) -> str:
    """Docker's --env-file, unlike a shell, keeps the quotation marks around a value."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].strip()
    return text


def kept_secret(name: str, file: Path | None, expected: str) -> str:
    """The secret `name`. With a `file` (the embedded run) a missing one is made once and kept there, readable by its owner alone."""
    if found := read(name, key, "", expected):
        return found
    if file is None:
        stop(name, "must be set: it is generated only for an embedded run (no DATABASE_URL).")
    if not file.exists():
        keep(file, secrets.token_urlsafe(50))
    try:
        return key(file.read_text().strip())
    except (OSError, ValueError):
        stop(name, f"must be readable in {file}, and complete. Restore that file, or delete it: everyone will have to sign in again.")


def keep(file: Path, text: str) -> None:
    """Writes a file that is whole from its first moment. Of two processes that do it at once, the first one wins."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent) as draft:  # which only its owner can read
        draft.write(text)
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, file)


def folder(name: str, default: Path, base: Path) -> Path:
    """An existing folder that no other user of this machine can read: sessions and unsent emails are in it.

    It becomes the portal's own, so it is none that other programs need, and none that holds the portal's code."""
    found = read(name, path(base), default, "a folder").resolve()
    if any(Path(other).is_relative_to(found) for other in (base, *SHARED)):
        stop(name, "must be a folder that only the portal uses.")
    try:
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        found.chmod(0o700)
    except OSError:
        stop(name, "must be a folder that the portal can create and write to.")
    return found


def read_providers(name: str, base: Path) -> dict[str, Provider]:
    """The providers in the file that the variable `name` names; none if it is not set. A relative path begins at `base`."""
    file = read(name, path(base), None, "the path of a TOML file")
    if file is None:
        return {}
    try:
        return load(file)
    except ProviderError as error:
        stop(name, f"must name a TOML file of providers as in docs/sign-in.md: {error}.")
