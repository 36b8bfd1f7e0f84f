"""A rejected token and a failed sign-in leave one line each: with address and reason, bounded, and never with the secret."""

import base64
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from portal.core import rejection_log
from portal.core.rejection_log import LINES, MOST_ADDRESSES, MOST_LINES, MOST_SUMMARIES, RejectionLog
from portal.logging import formatter
from portal.users.models import User
from tests.clock import NOW
from tests.factories import UserFactory, issue
from tokens import token_format
from tokens.services import revoke
from tokens.verification.authenticate import authenticate

RUNS_ON = "sqlite"


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter())
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(self.format(record))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setattr(rejection_log, "report", RejectionLog().report)
    handler = Lines()
    logger = logging.getLogger("portal.core.rejection_log")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def fields(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("timestamp", "level", "logger")}


def ended(log: RejectionLog) -> None:
    if log.timer:
        log.timer.cancel()
    log.end_minute()


def test_beyond_a_few_lines_an_address_is_counted(lines: Lines) -> None:
    log = RejectionLog()
    for _ in range(1000):
        log.report("token rejected", "203.0.113.9", "unknown")
        log.report("sign-in failed", "203.0.113.9", "wrong password")
    log.report("token rejected", "203.0.113.10", "revoked", token_id=7)
    assert len(lines.text) == 2 * LINES + 1
    assert fields(lines.events[-1]) == {"event": "token rejected", "address": "203.0.113.10", "reason": "revoked", "token_id": 7}
    ended(log)
    assert [fields(event) for event in lines.events[2 * LINES + 1 :]] == [
        {"event": f"{event}: more were left out", "address": "203.0.113.9", "left_out": 1000 - LINES}
        for event in ("token rejected", "sign-in failed")
    ]
    ended(log)
    assert len(lines.text) == 2 * LINES + 3
    log.report("token rejected", "203.0.113.9", "unknown")
    assert len(lines.text) == 2 * LINES + 4


def test_many_addresses_fill_neither_the_log_nor_the_memory(lines: Lines) -> None:
    log = RejectionLog()
    for number in range(50_000):
        log.report("token rejected", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "malformed")
    assert len(lines.text) == MOST_LINES
    assert len(log.counts) == MOST_ADDRESSES + 1
    ended(log)
    assert len(lines.text) == MOST_LINES + MOST_SUMMARIES + 1
    assert sum(event.get("left_out", 0) for event in lines.events) == 50_000 - MOST_LINES


def test_the_addresses_of_one_ipv6_network_count_together(lines: Lines) -> None:
    log = RejectionLog()
    for number in range(100):
        log.report("token rejected", f"2001:db8::{number:x}", "unknown")
    ended(log)
    assert [event["address"] for event in lines.events] == [f"2001:db8::{number:x}" for number in range(LINES)] + ["2001:db8::/64"]


def test_the_count_is_written_though_nothing_follows(lines: Lines) -> None:
    log = RejectionLog()
    for _ in range(LINES + 3):
        log.report("token rejected", None, "unknown")
    timer = log.timer
    assert timer
    assert timer.daemon
    assert timer.interval <= rejection_log.SECONDS
    timer.cancel()
    timer.function()  # what it calls when the minute is over
    assert lines.events[-1]["left_out"] == 3


def test_threads_lose_no_count(lines: Lines) -> None:
    log = RejectionLog()
    log.end_minute()
    threads = [threading.Thread(target=lambda: [log.report("x", "10.0.0.1", "y") for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended(log)
    assert len(lines.text) == LINES + 1
    assert lines.events[-1]["left_out"] == 8 * 500 - LINES


def test_a_report_that_is_left_out_takes_microseconds(lines: Lines) -> None:
    log = RejectionLog()
    began = time.process_time()
    for _ in range(20_000):
        log.report("token rejected", "203.0.113.9", "unknown")
    ended(log)
    assert time.process_time() - began < 2  # 100 microseconds each; measured: 3


@pytest.mark.django_db
def test_a_rejected_token_is_written_with_its_reason_and_without_its_text(lines: Lines) -> None:
    token, text = issue()
    revoke(token, None, NOW)
    unknown = token_format.generate()
    for secret in (text, unknown, "malformed-secret"):
        with pytest.raises(Exception, match="invalid_token"):
            authenticate({"HTTP_AUTHORIZATION": f"Bearer {secret}", "REMOTE_ADDR": "203.0.113.9"}, NOW)
    assert [(event["reason"], event["token_id"], event["address"]) for event in lines.events] == [
        ("revoked", str(token.pk), "203.0.113.9"),
        ("unknown", None, "203.0.113.9"),
        ("malformed", None, "203.0.113.9"),
    ]
    written = "".join(lines.text)
    for secret in (text, unknown, "malformed-secret", base64.b64encode(unknown.encode()).decode()):
        assert secret[5:] not in written


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/tokens", "/oauth/revoke"])
def test_every_endpoint_that_takes_a_token_writes_it(path: str, lines: Lines) -> None:
    Client(headers={"Authorization": f"Bearer {token_format.generate()}"}).generic("POST" if "oauth" in path else "GET", path)
    assert [event["event"] for event in lines.events] == ["token rejected"]


@pytest.mark.django_db
def test_a_failed_sign_in_is_written_with_its_reason_and_without_what_was_typed(lines: Lines) -> None:
    UserFactory(username="jane@example.com")
    UserFactory(username="gone@example.com", is_active=False)
    UserFactory(username="robot", kind=User.Kind.SERVICE)
    for login in ("jane@example.com", "gone@example.com", "robot", "hunter2-in-the-wrong-field"):
        Client(REMOTE_ADDR="203.0.113.9").post("/accounts/sign-in/", {"login": login, "password": "the-wrong-password"})
    assert [(event["event"], event["reason"], event["user"], event["address"]) for event in lines.events] == [
        ("sign-in failed", reason, user, "203.0.113.9")
        for reason, user in (
            ("wrong password", "jane@example.com"),
            ("inactive account", "gone@example.com"),
            ("service account", "robot"),
            ("unknown account", None),
        )
    ]
    assert not [secret for secret in ("hunter2", "the-wrong-password") if secret in "".join(lines.text)]


@pytest.mark.django_db
def test_sign_ins_that_are_throttled_are_written_as_such(lines: Lines) -> None:
    UserFactory(username="jane@example.com")
    for _ in range(7):
        Client(REMOTE_ADDR="203.0.113.9").post("/accounts/sign-in/", {"login": "jane@example.com", "password": "wrong"})
    assert {event["reason"] for event in lines.events} == {"wrong password"}
    rejection_log.report.__self__.end_minute()
    Client(REMOTE_ADDR="203.0.113.9").post("/accounts/sign-in/", {"login": "jane@example.com", "password": "wrong"})
    assert lines.events[-1]["reason"] == "too many attempts"
