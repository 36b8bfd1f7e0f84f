"""`/.well-known/security.txt` is what RFC 9116 says, and there only if somebody is named."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings

from portal.pages.security_txt import text
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
PATH = "/.well-known/security.txt"
CONTACTS = ["mailto:security@example.com", "https://example.com/security"]
NOW = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
# The grammar of section 4, for the fields that are used: each has a name, a colon, a space and a value without white space at its ends.
FIELD = re.compile(r"(Contact|Expires|Preferred-Languages|Canonical): (\S|\S.*\S)")


def fields(file: str) -> dict[str, list[str]]:
    """The values of each field. Fails for a line that is none."""
    assert file.endswith("\n")
    found: dict[str, list[str]] = {}
    for line in file.splitlines():
        match = FIELD.fullmatch(line)
        assert match, line
        found.setdefault(match[1], []).append(match[2])
    return found


@pytest.mark.django_db
def test_it_is_published_if_somebody_is_named(settings: LazySettings) -> None:
    assert Visitor().get(PATH).status_code == 404
    settings.SECURITY_CONTACT = CONTACTS
    response = Visitor().get(PATH)
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
    found = fields(response.content.decode())
    assert found["Contact"] == CONTACTS
    assert found["Canonical"] == [settings.PORTAL_URL + PATH]


def test_there_is_one_expiry_less_than_a_year_ahead() -> None:
    (expires,) = fields(text(CONTACTS, "https://portal.example.com" + PATH, NOW))["Expires"]
    ahead = datetime.fromisoformat(expires) - NOW  # RFC 3339
    assert timedelta(days=30) < ahead < timedelta(days=365)


def test_it_stays_the_same_for_a_day() -> None:
    morning = NOW.replace(hour=0, minute=0, second=0)
    assert text(CONTACTS, "x", morning) == text(CONTACTS, "x", NOW)
    assert text(CONTACTS, "x", NOW) != text(CONTACTS, "x", NOW + timedelta(seconds=1))
