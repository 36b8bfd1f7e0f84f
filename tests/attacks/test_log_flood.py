"""Thousands of rejected tokens from thousands of addresses: the server's log stays short, is JSON, and holds no token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.core.rejection_log import LINES, MOST_LINES, MOST_SUMMARIES
from tests.factories import issue
from tests.processes.running import until
from tests.processes.serving import Server, environment, this_database
from tokens import token_format

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
REQUESTS = 6000
MINUTES = 5  # that the requests may touch on a busy machine


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    with Server(environment(tmp_path, this_database(), TRUSTED_PROXIES="127.0.0.1", WRONG_TOKENS_A_MINUTE="1000000")) as server:
        yield server.answers()


def test_a_flood_of_rejected_tokens_leaves_few_lines_and_no_token(server: Server) -> None:
    secrets = [token_format.generate() for _ in range(REQUESTS)]
    for number, secret in enumerate(secrets):
        address = "203.0.113.9" if number % 2 else f"10.1.{number >> 8}.{number & 255}"
        assert server.ask("GET", "/verify", secret, **{"X-Forwarded-For": address}).status == 401
    assert server.verify(issue()[1]).status == 204
    until(lambda: "token rejected" in server.output, "lines")
    server.stop()
    events = [json.loads(line) for line in server.lines]
    rejected = [event for event in events if event["event"] == "token rejected"]
    assert LINES < len(rejected) <= MINUTES * MOST_LINES
    assert LINES <= len([event for event in rejected if event["address"] == "203.0.113.9"]) <= MINUTES * LINES
    assert {event["reason"] for event in rejected} == {"unknown", "malformed"}
    assert len(events) < MINUTES * (MOST_LINES + MOST_SUMMARIES) + 50
    assert not [secret for secret in secrets if secret[4:] in server.output]
