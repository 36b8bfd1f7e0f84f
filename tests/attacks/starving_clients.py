"""Clients that take from a server what it has least of: `python -m tests.attacks.starving_clients PORT KIND COUNT`.

Prints `ready` once all of them are at work, works until SIGTERM or for `--seconds` at most, and prints one line of JSON: what it counted.
It runs with a low priority: its own work is that of other machines, and must not slow down the server that is measured.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.attacks.http_client import Connection, request

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CSRF = "x" * 32
COOKIE = {"Cookie": f"portal_csrf={CSRF}"}
SLOW = ("/accounts/sign-in/", "/oauth/introspect", "/cli/token")
PAUSE = 1.0  # seconds before a connection that the server closed is opened again


@dataclass
class Attack:
    """What all clients of one kind share. `at_work`: the numbers of those that have begun."""

    port: int
    cookie: str
    token: str
    path: str
    addresses: itertools.count = field(default_factory=itertools.count)
    counts: Counter[str] = field(default_factory=Counter)
    at_work: set[int] = field(default_factory=set)

    async def repeat(self, number: int, act: Callable[["Attack", Connection, int], Awaitable[None]]) -> None:
        connection = Connection(self.port)
        while True:
            try:
                await act(self, connection, number)
            except (OSError, EOFError):
                self.counts["closed by the server"] += 1
                await asyncio.sleep(PAUSE)
            connection.close()


async def closed(connection: Connection, seconds: float | None = None) -> bool:
    """Whether the server closed it within that time. What it sends is thrown away."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await connection.reader.read(65536):
                pass
        return True
    return False


async def slow_body(attack: Attack, connection: Connection, number: int) -> None:
    """Announces a form, and sends a byte of it each second."""
    path = SLOW[number % len(SLOW)]
    bearer = {"Authorization": f"Bearer {attack.token}"} if path == "/oauth/introspect" else {}
    writer = await connection.open()
    writer.write(request("POST", path, {**FORM, **COOKIE, **bearer, "Content-Length": "10000"}))
    await writer.drain()
    attack.at_work.add(number)
    while not await closed(connection, 1):
        writer.write(b"a")
        await writer.drain()
    raise EOFError


async def idle(attack: Attack, connection: Connection, number: int) -> None:
    """Opens a connection and keeps it: every second one is used once, one in four of the others begins a request."""
    writer = await connection.open()
    if number % 2:
        writer.write(request("GET", "/verify", {"Authorization": "Bearer x"}))
        await connection.response()
    elif number % 8 == 0:
        writer.write(b"GET /verify HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    attack.at_work.add(number)
    await closed(connection)
    raise EOFError


async def sign_in(attack: Attack, connection: Connection, number: int) -> None:
    """Signs in with a wrong password, each time to another account and from another address, so that no limit spares the hash."""
    attack.at_work.add(number)
    while True:
        n = next(attack.addresses)
        address = {"X-Forwarded-For": f"100.{n >> 16 & 63 | 64}.{n >> 8 & 255}.{n & 255}"}
        form = f"csrfmiddlewaretoken={CSRF}&login=user{n}@example.com&password=not-the-password".encode()
        attack.counts[str(await connection.ask(request("POST", "/accounts/sign-in/", {**FORM, **COOKIE, **address}, form)))] += 1


async def page(attack: Attack, connection: Connection, number: int) -> None:
    """Loads a page again and again."""
    attack.at_work.add(number)
    while True:
        attack.counts[str(await connection.ask(request("GET", attack.path, {"Cookie": attack.cookie})))] += 1


KINDS = {"slow-bodies": slow_body, "idle": idle, "sign-ins": sign_in, "pages": page}


async def run(attack: Attack, kind: str, count: int, seconds: float) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    clients = []
    for number in range(count):
        clients.append(asyncio.create_task(attack.repeat(number, KINDS[kind])))
        await asyncio.sleep(0.002)  # or the queue of new connections overflows, and some of them take a second more
    while len(attack.at_work) < count and not over.is_set():
        await asyncio.sleep(0.05)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("count", type=int)
    parser.add_argument("--cookie", default="", help="for pages")
    parser.add_argument("--path", default="/", help="for pages")
    parser.add_argument("--token", default="", help="for slow introspections")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    os.nice(10)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096) if hard > 0 else 4096, hard))
    attack = Attack(options.port, options.cookie, options.token, options.path)
    asyncio.run(run(attack, options.kind, options.count, options.seconds))
    sys.stdout.write(json.dumps(attack.counts) + "\n")


if __name__ == "__main__":
    main()
