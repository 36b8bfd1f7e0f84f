"""PostgreSQL and Redis crash and workers of the web server are killed, while clients verify tokens throughout."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import psutil
from django.db import connection

from portal import processes
from tests.fault_injection.machines import Postgres, Redis
from tests.fault_injection.verifying import Client, Tokens
from tests.ports import free_port
from tests.processes.running import Program, until

CLIENTS = 4
WORKERS = 2
RECOVERED_WITHIN = 30.0  # seconds after a machine is back, by when valid tokens must be accepted again
# granian ends, for Docker or Kubernetes to start it again, if a worker ends within 5.5 seconds after it took another's place.
BETWEEN_KILLS = 6.0
QUIET = 2.0  # seconds without an error that count as recovered


class Outages:
    """`wrong`: the promises that were broken; `figures`: what is printed."""

    def __init__(self, postgres: Postgres, redis: Redis, environment: dict[str, str], chance: random.Random) -> None:
        self.postgres, self.redis, self.chance = postgres, redis, chance
        self.port, self.stop = free_port(), threading.Event()
        self.figures: dict[str, float] = {}
        command = processes.commands(self.port, WORKERS)["web"]
        command.insert(-1, "--respawn-failed-workers")  # as in the Dockerfile
        self.server = Program(command, {**environment, "WRONG_TOKENS_A_MINUTE": "1000000"})
        self.tokens = Tokens(200)
        self.clients = [Client(self.port, self.tokens, chance.randrange(10**6), self.stop) for _ in range(CLIENTS)]

    def run(self, kills: int) -> None:
        with self.server:
            assert processes.wait_until_it_answers(self.port), self.server.output
            until(lambda: len(self.workers()) == WORKERS, "workers of the web server")
            revoking = threading.Thread(target=self.revoke, daemon=True)
            for thread in (*self.clients, revoking):
                thread.start()
            time.sleep(1)
            self.outage("PostgreSQL killed", lambda: self.postgres.kill_and_start(self.chance))
            self.outage("Redis killed", lambda: self.redis.restart(self.chance, True))
            for number in range(kills):
                self.outage(f"worker of the web server killed, {number + 1}", self.kill_worker)
                time.sleep(BETWEEN_KILLS - QUIET)
            self.stop.set()
            for thread in (*self.clients, revoking):
                thread.join(30)

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.server.process.pid).children()
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def revoke(self) -> None:
        """Ten tokens in a second at most, as long as half of them are left."""
        while not self.stop.wait(0.1):
            if len(self.tokens.valid) > 100:
                self.tokens.revoke_one(self.chance)
        connection.close()

    def kill_worker(self) -> None:
        """The oldest, so that each has its turn."""
        killed = min(self.workers(), key=lambda worker: worker.pid)
        killed.send_signal(signal.SIGKILL)
        until(lambda: killed not in self.workers(), "end of the worker", 10)
        until(lambda: len(self.workers()) == WORKERS, "another worker in its place", 30)

    def outage(self, name: str, happen: Callable[[], None]) -> None:
        """Lets it happen, and waits until no valid token has met an error for a while."""
        began = time.monotonic()
        happen()
        back = time.monotonic()
        until(lambda: time.monotonic() - max(back, self.last_error()) > QUIET, f"recovery after: {name}", RECOVERED_WITHIN + QUIET)
        self.figures[f"{name}: seconds that it lasted"] = round(back - began, 1)
        self.figures[f"{name}: seconds from then to the last error"] = round(max(0.0, self.last_error() - back), 1)
        errors = Counter(kind for client in self.clients for at, kind in client.tally.errors[:] if at >= began)
        self.figures |= {f"{name}: valid tokens that got {kind}": count for kind, count in sorted(errors.items())}

    def last_error(self) -> float:
        return max((client.tally.errors[-1][0] for client in self.clients if client.tally.errors), default=0.0)

    @property
    def wrong(self) -> list[str]:
        return [answer for client in self.clients for answer in client.tally.wrong]

    def all_figures(self) -> dict[str, float]:
        answers = sum((client.tally.answers for client in self.clients), Counter[str]())
        slowest = round(max(client.tally.slowest for client in self.clients), 1)
        return {**dict(sorted(answers.items())), "seconds that the slowest response took": slowest, **self.figures}
