"""Clients that ask /verify all the time, and what they were told. One connection at a time each, kept open as a gateway does."""

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from django.db import Error
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from portal.users.models import User
from tokens import services, token_format
from tokens.models import Token

SECONDS = 5.0  # that a client waits for a response


@dataclass
class Tally:
    """`wrong`: tokens that were answered wrongly; `errors`: when a valid token got no yes (monotonic seconds), and why."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    errors: list[tuple[float, str]] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    slowest: float = 0.0


class Tokens:
    """Texts of valid and revoked tokens. One that is about to be revoked is in neither list until the revocation is known."""

    def __init__(self, count: int) -> None:
        owner = User.objects.create(username="verified", kind=User.Kind.SERVICE)
        self.valid, self.revoked = [], []
        self.lock = threading.Lock()
        now = timezone.now()
        for number in range(count):
            token, text = services.issue(owner, f"verified-{number}", None, None, now)
            self.valid.append((token.pk, text))
        for _ in range(count // 4):
            self.revoke_one(random.Random(0))

    def pick(self, chance: random.Random) -> tuple[str, str]:
        """(kind, text)"""
        kind = chance.choice(("valid", "valid", "revoked", "unknown"))
        with self.lock:
            if kind == "unknown":
                return kind, token_format.generate()
            return kind, chance.choice(self.valid if kind == "valid" else self.revoked)[1]

    def is_valid(self, text: str) -> bool:
        with self.lock:
            return any(text == other for _, other in self.valid)

    def revoke_one(self, chance: random.Random) -> None:
        """Where the database fails meanwhile, nobody knows whether it was revoked: then it is used no more."""
        with self.lock:
            pk, text = self.valid.pop(chance.randrange(len(self.valid)))
        with suppress(Error, OperationalError, InterfaceError):
            services.revoke(Token.objects.get(pk=pk), None, timezone.now())
            with self.lock:
                self.revoked.append((pk, text))


class Client(threading.Thread):
    """Asks until `stop` is set."""

    def __init__(self, port: int, tokens: Tokens, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.tokens, self.stop = port, tokens, stop
        self.chance = random.Random(seed)
        self.tally = Tally()
        self.connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def run(self) -> None:
        while not self.stop.is_set():
            self.ask(*self.tokens.pick(self.chance))
            time.sleep(0.001)  # four of them leave the machine some time
            if self.chance.random() < 0.01:
                self.connection.close()  # the next one may be to another process

    def ask(self, kind: str, text: str) -> None:
        began = time.monotonic()
        answer = self.answer(text)
        ended = time.monotonic()
        self.tally.answers[f"{kind} tokens: {answer}"] += 1
        self.tally.slowest = max(self.tally.slowest, ended - began)
        if kind == "valid":
            if answer == "204":
                self.tally.accepted.append(ended)
            elif answer != "401":
                self.tally.errors.append((ended, answer))
            elif self.tokens.is_valid(text):  # not one that was revoked meanwhile
                self.tally.wrong.append("a valid token was rejected")
        elif answer == "204":
            self.tally.wrong.append(f"{kind} token {text[-4:]} was accepted")

    def answer(self, text: str) -> str:
        """The status, or the kind of error."""
        try:
            self.connection.request("GET", "/verify", headers={"Authorization": f"Bearer {text}"})
            response = self.connection.getresponse()
            response.read()
        except (OSError, HTTPException) as error:
            self.connection.close()
            return type(error).__name__
        return str(response.status)
