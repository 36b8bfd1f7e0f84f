"""The faults: one kill after another, each at a random instant, while people go on working and servers are restarted."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from portal.notifications import delivery
from tests.fault_injection.machines import Machines, Postgres, Redis
from tests.fault_injection.mail_server import STAGES
from tests.fault_injection.people import People
from tests.fault_injection.workers import Workers
from tests.processes.running import until
from tokens.models import ScanRun

LONG = 20  # kills from which on a run is a long one
BUSY = "SELECT application_name FROM pg_stat_activity WHERE xact_start IS NOT NULL AND application_name = ANY(%s)"


def done() -> QuerySet[ScanRun]:
    return ScanRun.objects.filter(finished_at__isnull=False, error="")


class FaultInjection:
    def __init__(self, chance: random.Random, machines: Machines, workers: Workers, people: People, kills: int) -> None:
        self.kills = kills
        self.patience = 3.0 if kills >= LONG else 1.0  # seconds for the instant that a kill waits for
        self.chance, self.workers, self.people = chance, workers, people
        self.postgres, self.redis, self.mail = machines
        self.figures: Counter[str] = Counter()
        self.back: list[float] = []  # seconds from a machine's restart to the next scan that went well

    def inject(self, tokens: int) -> None:
        restarts = self.plan()
        wave = tokens // 2 // self.kills
        self.people.add(tokens - wave * self.kills)
        for number in range(self.kills):
            self.people.add(wave)
            self.people.act()
            if restart := restarts.get(number):
                restart()
            self.kill_one()
            if number % 10 == 5:
                self.suspend_one()

    def plan(self) -> dict[int, Callable[[], None]]:
        """Which restarts come before which kill: all in the middle, in any order; the second of each machine is a crash."""
        actions: list[Callable[[], None]] = [lambda: self.restart(self.redis, True), lambda: self.restart(self.postgres, True)]
        if self.kills >= LONG:
            actions += [lambda: self.restart(self.redis, False), lambda: self.restart(self.postgres, False)]
        first, last = self.kills // 4, self.kills * 3 // 4
        numbers = self.chance.sample(range(first, max(first + len(actions), last)), len(actions))
        return dict(zip(numbers, actions, strict=True))

    def restart(self, machine: Postgres | Redis, crash: bool) -> None:
        name = type(machine).__name__
        machine.restart(self.chance, crash)
        self.figures[f"{name} crashed" if crash else f"{name} restarted"] += 1
        connection.close()
        began = timezone.now()
        until(done().filter(started_at__gt=began).exists, lambda: f"scan after {name} was back:\n{self.workers.logs()[-5000:]}", 60)
        self.back.append((timezone.now() - began).total_seconds())

    def kill_one(self) -> None:
        """Waits for an instant worth a kill, and a random moment more."""
        until(self.workers.all_ready, lambda: f"workers:\n{self.workers.logs()[-5000:]}")
        self.something_was_done()
        shut = self.chance.random() < 0.15
        if shut:
            self.mail.close()
            time.sleep(self.chance.uniform(0.2, 1))
            self.mail.open()
            self.figures["times that the mail server refused connections"] += 1
        pid = self.target()
        self.figures["kills amid " + self.doing(pid)] += 1
        what = self.workers.kill(pid, time.time())
        assert what, f"process {pid} is gone"
        self.figures[f"kills of {what}"] += 1

    def suspend_one(self) -> None:
        """A process is suspended for longer than its leases."""
        self.workers.suspend(self.target(), delivery.LEASE.total_seconds() + 1)
        self.figures["processes that stood still"] += 1

    def target(self) -> int:
        way = self.chance.choices([self.amid_a_scan, self.amid_a_mail, self.anywhere], [4, 4, 2])[0]
        return way() or self.anywhere()

    def something_was_done(self) -> None:
        """Kills in which nothing is interrupted show nothing: between two of them an email is attempted and a scan finished."""
        end = time.monotonic() + self.patience
        mails, scans = self.mail.answers.total(), done().count()
        while time.monotonic() < end and (self.mail.answers.total() == mails or done().count() == scans):
            time.sleep(0.02)

    def anywhere(self) -> int:
        time.sleep(self.chance.uniform(0, 1))
        return self.chance.choice(until(self.workers.pids, "process of a worker"))

    def amid_a_scan(self) -> int | None:
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            if busy := self.in_transaction():
                time.sleep(self.chance.uniform(0, 0.05))
                return self.chance.choice(busy)
            time.sleep(0.002)
        return None

    def in_transaction(self) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(BUSY, [[str(pid) for pid in self.workers.pids()]])
            return [int(name) for (name,) in cursor.fetchall()]

    def amid_a_mail(self) -> int | None:
        """Which process is at a mail; every second time just after it was accepted, where it is about to mark it."""
        found: list[int] = []
        there = threading.Event()

        def here(pid: int) -> None:
            found.append(pid)
            there.set()

        self.mail.watch_for("accepted" if self.chance.random() < 0.5 else self.chance.choice(STAGES), here)
        there.wait(self.patience)
        self.mail.watch = None
        return next((pid for pid in found if pid in self.workers.pids()), None)

    def doing(self, pid: int) -> str:
        if self.mail.serves(pid):
            return "a delivery"
        return "a scan" if pid in self.in_transaction() else "other things"
