"""A real SMTP server that fails at random: it refuses connections, stalls, hangs up, replies 4xx and 5xx. Records what it accepted."""

import asyncio
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port

LISTED = re.compile(r"^(injected-\d+) \(tpp_…", re.MULTILINE)
STAGES = ("greeted", "addressed", "given", "accepted")
# At each step of a mail; so about every second one is taken.
FAILURES = {"4xx": 0.07, "5xx": 0.07, "hung up": 0.06, "stalled": 0.05}


@dataclass
class Accepted:
    """A mail that the server answered with 250."""

    at: float
    process: int
    address: str
    content: bytes
    message_id: str = ""
    tokens: frozenset[str] = frozenset()

    def read(self) -> None:
        mail = message_from_bytes(self.content, policy=default)
        self.message_id = mail["Message-ID"]
        self.tokens = frozenset(LISTED.findall(mail.get_body(("plain",)).get_content()))


class MailServer:
    def __init__(self, chance: random.Random, stall: float) -> None:
        self.chance, self.stall = chance, stall
        self.port = free_port()
        self.accepted: list[Accepted] = []
        self.answers: Counter[str] = Counter()
        self.failing = True
        self.sessions: dict[int, SMTP] = {}  # each process's latest
        self.watch: tuple[str, Callable[[int], None]] | None = None
        self.open()

    def open(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self) -> None:
        """From here on connections are refused."""
        self.controller.stop()

    def serves(self, process: int) -> bool:
        """Is a mail of that process being handed over?"""
        session = self.sessions.get(process)
        return bool(session and session.transport and not session.transport.is_closing())

    def watch_for(self, stage: str, act: Callable[[int], None]) -> None:
        """Calls `act` once with the process whose mail comes to `stage` next; at "accepted" a few milliseconds after the answer."""
        self.watch = (stage, act)

    def reached(self, stage: str, process: int) -> None:
        if self.watch and self.watch[0] == stage:
            act = self.watch[1]
            self.watch = None
            pause = self.chance.uniform(0, 0.006 if stage == "accepted" else 0.1)
            asyncio.get_running_loop().call_later(pause, act, process)

    async def failure(self, server: SMTP) -> str | None:
        """The answer of somebody who will not take it now; None: goes on."""
        dice = self.chance.random() if self.failing else 1.0
        name = next((name for name, share in zip(FAILURES, itertools.accumulate(FAILURES.values()), strict=True) if dice < share), None)
        if name is None:
            return None
        self.answers[name] += 1
        if name in ("4xx", "5xx"):
            return f"{self.chance.choice([450, 451, 452] if name == '4xx' else [550, 552, 554])} try again later"
        if name == "stalled":
            await asyncio.sleep(self.stall)
        server.transport.abort()
        return "421 gone"

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        session.host_name = hostname
        self.sessions[process_of(session)] = server
        self.reached("greeted", process_of(session))
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        self.reached("addressed", process_of(session))
        if answer := await self.failure(server):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        process = process_of(session)
        self.reached("given", process)
        if answer := await self.failure(server):
            return answer
        if server.transport.is_closing():
            return "421 gone"
        self.answers["accepted"] += 1
        self.accepted.append(Accepted(time.time(), process, envelope.rcpt_tos[0], envelope.content))
        self.reached("accepted", process)
        return "250 OK"


def process_of(session: Session) -> int:
    return int(session.host_name.removeprefix("pid-").split(".")[0])
