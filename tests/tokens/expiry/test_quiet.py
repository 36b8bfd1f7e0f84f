"""What a scan costs: nothing written when there is nothing new, and no more memory for more tokens."""

import gc
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.faults.models import Fault
from tests.clock import DAY, NOW
from tests.factories import ServiceFactory, TokenFactory, UserFactory
from tests.notifications.rejecting import RejectingServer, before_last_attempt
from tests.tokens.scans import OPS, SECURITY, configure, deliver, ending, many_ending, scan
from tokens.models import Notice, Token

pytestmark = pytest.mark.django_db
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
FETCHED = 1000  # rows of one statement that may come to Python: more than that is a loop


def everything() -> dict[str, list[dict[str, Any]]]:
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


def tables_written(job: Callable[[], Any]) -> set[str]:
    """The tables of which a row was inserted, changed or deleted."""
    tables: set[str] = set()

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if (match := WRITES.match(sql)) and (context["cursor"].rowcount or (match[0].startswith("INSERT") and 'RETURNING "' in sql)):
            tables.add(match[1])
        return result

    with connection.execute_wrapper(note):
        job()
    return tables


def busy_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of fault is open, and every state of a mail is there."""
    configure("30;7;1", owners=True)
    ending(5, user=ServiceFactory(username="robot"))
    for days in (0, 1, 6, 20, 40):
        ending(days, user__email="ana@example.com")
    TokenFactory(created_at=NOW - 100 * DAY, expires_at=NOW - DAY, last_used_at=NOW - 2 * DAY)
    server = RejectingServer(monkeypatch)
    server.addresses = {"ana@example.com"}
    scan()
    before_last_attempt()
    deliver()
    ending(3, user__email="bo@example.com")


def test_a_scan_that_finds_nothing_new_writes_its_own_row_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    busy_portal(monkeypatch)
    assert tables_written(scan) >= {"tokens_scanrun", "tokens_notice", "faults_fault", "notifications_message"}
    before = everything()
    assert {row["source"] for row in before["faults.Fault"] if not row["cleared_at"]} == {
        "token-expiry",
        "token-expired-in-use",
        "nobody-to-notify",
        "notice-delivery",
    }
    assert {row["state"] for row in before["notifications.Message"]} == {"queued"}
    assert tables_written(scan) == {"tokens_scanrun"}
    after = everything()
    assert len(after.pop("tokens.ScanRun")) == len(before.pop("tokens.ScanRun")) + 1
    assert after == before


def test_a_scan_without_anything_to_clear_does_not_search_for_it() -> None:
    """Right after a first scan PostgreSQL does not know how many faults there are: that search took longer than all the rest."""
    configure("30")
    ending(5)
    TokenFactory(created_at=NOW - 100 * DAY, expires_at=NOW - DAY, last_used_at=NOW - 2 * DAY)
    with CaptureQueriesContext(connection) as queries:
        assert scan().raised == 1
    assert Fault.objects.open().filter(source="token-expired-in-use").count() == 1
    assert not [query["sql"] for query in queries if query["sql"].startswith("UPDATE") and "EXISTS" in query["sql"]]


def test_recipients_are_read_once_and_not_for_each_token() -> None:
    configure("30", OPS)
    many_ending([5] * 20, ServiceFactory())
    with CaptureQueriesContext(connection) as queries:
        scan()
    distinct = [query["sql"] for query in queries if query["sql"].startswith("SELECT DISTINCT")]
    assert distinct
    assert not any("created_at" in sql.partition(" FROM ")[0] for sql in distinct)  # which differs from token to token


def test_one_that_finds_something_in_one_place_writes_there_only() -> None:
    configure("15", OPS)
    token = ending(5)
    scan()
    Token.objects.filter(pk=token.pk).update(revoked_at=NOW)
    assert tables_written(scan) == {"tokens_scanrun", "faults_fault"}


def cost(tokens: int, user: Any) -> tuple[int, int]:
    """Bytes at most while a first scan, its mails and a second scan run; rows at most that one statement brought to Python."""
    Notice.objects.all().delete()
    Token.objects.all().delete()
    many_ending([number % 31 for number in range(tokens)], user)
    rows: list[int] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        cursor = context["cursor"]
        if connection.vendor == "postgresql" and cursor.description:
            rows.append(cursor.rowcount)
        return result

    gc.collect()
    tracemalloc.start()
    try:
        with connection.execute_wrapper(note):
            run = scan()
            mails = deliver()
            scan()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.due == tokens
    assert [f"{tokens:,} API tokens" in mail.subject for mail in mails] == [True] * 2
    return peak, max(rows, default=0)


@pytest.mark.field
def test_memory_does_not_grow_with_the_tokens() -> None:
    user = UserFactory()
    configure("30;7;1", f"{OPS};{SECURITY}")
    cost(250, user)  # what is loaded once
    few, _ = cost(300, user)
    many, rows = cost(3000, user)
    assert many < few * 1.2
    assert rows < FETCHED
