"""The clients of the fault-injection test notice what they are there to notice."""

import random
import threading
from collections.abc import Iterator
from http.client import parse_headers
from socketserver import StreamRequestHandler

import pytest

from tests.fault_injection.verifying import Client, Tokens
from tests.gateway.upgrading_service import Threads

RUNS_ON = "sqlite"


class AlwaysTheSame(StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            parse_headers(self.rfile)
            self.wfile.write(f"HTTP/1.1 {STATUS['line']}\r\nContent-Length: 0\r\n\r\n".encode())


STATUS = {"line": ""}


@pytest.fixture
def port() -> Iterator[int]:
    server = Threads(AlwaysTheSame)
    yield server.port
    server.close()


@pytest.fixture
def tokens() -> Tokens:
    tokens = Tokens.__new__(Tokens)
    tokens.valid, tokens.revoked, tokens.lock = [(1, "valid")], [(2, "revoked")], threading.Lock()
    return tokens


@pytest.mark.parametrize(
    ("line", "kind", "wrong", "errors"),
    [
        ("204 No Content", "valid", 0, 0),
        ("204 No Content", "revoked", 1, 0),
        ("204 No Content", "unknown", 1, 0),
        ("401 Unauthorized", "valid", 1, 0),
        ("401 Unauthorized", "revoked", 0, 0),
        ("503 Service Unavailable", "valid", 0, 1),
        ("503 Service Unavailable", "unknown", 0, 0),
    ],
)
def test_a_wrong_answer_is_noticed(port: int, tokens: Tokens, line: str, kind: str, wrong: int, errors: int) -> None:
    STATUS["line"] = line
    client = Client(port, tokens, 0, threading.Event())
    client.ask(kind, kind)
    client.connection.close()
    assert (len(client.tally.wrong), len(client.tally.errors)) == (wrong, errors)


def test_a_server_that_is_gone_is_an_error_and_no_answer(port: int, tokens: Tokens) -> None:
    client = Client(1, tokens, 0, threading.Event())
    client.ask("valid", "valid")
    assert [kind for _, kind in client.tally.errors] == ["ConnectionRefusedError"]


def test_every_kind_of_token_is_asked_about(tokens: Tokens) -> None:
    chance = random.Random(1)
    assert {tokens.pick(chance)[0] for _ in range(100)} == {"valid", "revoked", "unknown"}
