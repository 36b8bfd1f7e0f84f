"""Who can slow `/verify` down? A client verifies at a steady rate while others take what the server has least of.

Each attack has a server of its own, so that none is slowed down by the one before. A row says what the steady client measured meanwhile.
"""

import argparse
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_lists import PAGES

from tests.attacks import starving
from tests.attacks.starving import Steady
from verify import starvation_fill
from verify.report import said
from verify.servers import Server, manage, portal_command
from verify.targets import Portal

RATE, CONNECTIONS = 200, 8
BELOW = 50  # milliseconds
SCAN = (
    "from django.utils import timezone; from tokens.expiry.scan import scan; print(scan(timezone.now(), 'person').raised, 'faults raised')"
)


@dataclass(frozen=True)
class Bench:
    """A portal that is attacked. `expected`: what the steady client sends, and must get."""

    portal: Portal
    expected: Path
    revoked: Path
    cookie: str
    seconds: float
    scale: float

    def begin(self, server: Server) -> subprocess.Popen[str]:
        return starving.begin(server.port, self.expected, starving.LONGEST / 2, RATE, CONNECTIONS)

    def clients(self, kind: str, count: int, **more: str) -> "Attack":
        """So many clients of one kind, for `seconds`."""

        def attack(server: Server) -> tuple[Steady, str]:
            with starving.attack(server.port, kind, count, **more) as counts:
                found = starving.measure(server.port, self.expected, self.seconds, RATE, CONNECTIONS)
            return found, f"{counts}"

        return attack

    def alone(self, server: Server) -> tuple[Steady, str]:
        return starving.measure(server.port, self.expected, self.seconds, RATE, CONNECTIONS), ""

    def pages(self, server: Server) -> tuple[Steady, str]:
        path = heaviest(server, self.cookie)
        found, counts = self.clients("pages", 8, cookie=self.cookie, path=path)(server)
        return found, f"{path}: {counts}"

    def bulk_revoke(self, server: Server) -> tuple[Steady, str]:
        """A service account is deactivated. The next requests after it find all of its tokens revoked."""
        client, began = self.begin(server), time.monotonic()
        time.sleep(1)
        fetch(f"{server.url}/api/v1/users/bulk/deactivate", "POST", Authorization=f"Bearer {self.portal.caller}")
        after = starving.measure(server.port, self.revoked, 2, RATE, CONNECTIONS)
        found = starving.stop(client)
        found.wrong.update({f"{words}, revoked before": count for words, count in after.wrong.items()})
        return found, f"{time.monotonic() - began - 3:.1f} s"

    def scan(self, server: Server) -> tuple[Steady, str]:
        client, began = self.begin(server), time.monotonic()
        raised = manage(self.portal.database, self.portal.folder, "manage.py", "shell", "--verbosity", "0", "--command", SCAN)
        return starving.stop(client), f"{raised.splitlines()[-1]}, {time.monotonic() - began:.1f} s with the start of its process"


Attack = Callable[[Server], tuple[Steady, str]]


def starvation(portal: Portal, options: argparse.Namespace) -> None:
    expected = starvation_fill.expected(portal.database, portal.folder)
    revoked = starvation_fill.service_account(portal.database, max(round(50_000 * options.scale), 1), portal.folder)
    bench = Bench(portal, expected, revoked, starvation_fill.session(portal.database, portal.folder), 2 * options.seconds, options.scale)
    attacks: dict[str, Attack] = {
        "none": bench.alone,
        "500 slow bodies": bench.clients("slow-bodies", 500, token=portal.caller),
        "900 idle connections": bench.clients("idle", 900),
        "12 wrong sign-ins": bench.clients("sign-ins", 12),
        "8 of the heaviest page": bench.pages,
        "a bulk revocation": bench.bulk_revoke,
        "a scan": bench.scan,
    }
    print(
        f"\n/verify, {RATE} requests a second on {CONNECTIONS} connections, while there is: milliseconds{'':9}p50      p99  longest  wrong"
    )
    found = {name: show(name, attack, portal) for name, attack in attacks.items()}
    for name, steady in found.items():
        wrong = sum(steady.wrong.values())
        said(steady.p99 < BELOW and not wrong, f"{name}: p99 {steady.p99:.1f} ms, {wrong} wrong responses, aim below {BELOW} ms and 0")


def show(name: str, attack: Attack, portal: Portal) -> Steady:
    with Server(portal_command, portal.database, portal.folder) as server:
        found, words = attack(server)
    wrong = ", ".join(f"{count} {what}" for what, count in found.wrong.items()) or "0"
    print(
        f"{name:24}{found.requests:>8,} requests {found.p50:>34.1f} {found.p99:>8.1f} {found.longest:>8.1f}  {wrong}  {words}", flush=True
    )
    return found


def heaviest(server: Server, cookie: str) -> str:
    """The list's page that takes longest: each is loaded twice."""

    def seconds(path: str) -> float:
        began = time.monotonic()
        fetch(server.url + path, "GET", Cookie=cookie)
        return time.monotonic() - began

    return max(PAGES, key=lambda path: min(seconds(path), seconds(path)))


def fetch(url: str, method: str, **headers: str) -> None:
    """Raises HTTPError."""
    request = urllib.request.Request(url, method=method, headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=starving.LONGEST / 2) as response:
        response.read()
