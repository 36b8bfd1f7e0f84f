"""The look-up of one token: what it gives, and what it does when the database fails. With a real outage: see tests/processes."""

from typing import Any

import pytest
from django.db import OperationalError

from tests.factories import ServiceFactory, TokenFactory, issue
from tests.processes.running import until
from tokens import token_format
from tokens.models import Token
from tokens.verification import lookup
from tokens.verification.lookup import Outage, Stored, Unavailable, by_digest


class Failing:
    """Stands for `fetch`: fails so often, then answers None. Counts how often it was asked."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.times, self.error, self.asked = times, error or OperationalError("gone"), 0

    def __call__(self, digest: bytes, deadline: float) -> None:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error


class Unending(Outage):
    def last(self) -> None:
        """Asks nobody."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the database fail so many times, for a thread that keeps a connection."""

    def install(times: int, error: Exception | None = None) -> Failing:
        fetch = Failing(times, error)
        monkeypatch.setattr(lookup, "fetch", fetch)
        return fetch

    class Kept:
        connection: object | None = object()

    monkeypatch.setattr(lookup.of_thread, "django", Kept())
    monkeypatch.setattr(lookup, "drop", lambda: setattr(lookup.of_thread.django, "connection", None))
    monkeypatch.setattr(lookup, "outage", Unending())
    monkeypatch.setattr(lookup, "PAUSE_SECONDS", 0.01)
    return install


@pytest.mark.django_db
def test_it_gives_what_the_model_holds_of_a_token_and_its_owner() -> None:
    token, text = issue(ServiceFactory(may_introspect=True), "Müller 😀")
    found = by_digest(token_format.digest(text))
    same = Stored.of(Token.objects.select_related("user").get(pk=token.pk))
    assert found._replace(password="", digest=b"") == same._replace(password="", digest=b"")
    assert bytes(found.digest) == token_format.digest(text)
    assert (type(found.id), type(found.revoked_at), type(found.owner_active)) == (type(token.pk), type(None), bool)
    assert found.expires_at.utcoffset() is not None


@pytest.mark.django_db
def test_a_digest_of_nobody_gives_none() -> None:
    TokenFactory()
    for digest in (b"", b"x" * 32, b"\x00" * 32, b"x" * 100_000):
        assert by_digest(digest) is None


def test_a_kept_connection_that_died_is_replaced_and_nobody_notices(failing: Any) -> None:
    fetch = failing(1)
    assert by_digest(b"") is None
    assert (fetch.asked, lookup.outage.known) == (2, False)


def test_a_new_connection_that_fails_too_is_an_outage(failing: Any) -> None:
    failing(2)
    with pytest.raises(Unavailable):
        by_digest(b"")
    assert lookup.outage.known


def test_a_database_that_hangs_is_not_asked_a_second_time_by_the_same_request(failing: Any) -> None:
    fetch = failing(1000, Unavailable())
    with pytest.raises(Unavailable):
        by_digest(b"")
    assert fetch.asked == 1


def test_while_an_outage_is_known_no_request_asks(failing: Any) -> None:
    fetch = failing(0)
    lookup.outage.known = True
    with pytest.raises(Unavailable):
        by_digest(b"")
    assert fetch.asked == 0


def test_an_outage_ends_by_itself_as_soon_as_the_database_answers(failing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = failing(5)
    monkeypatch.setattr(lookup, "outage", Outage())
    with pytest.raises(Unavailable):
        by_digest(b"")
    until(lambda: not lookup.outage.known, "end of the outage", 5)
    assert fetch.asked == 6  # twice by the request, four times by the outage's thread
    assert by_digest(b"") is None
