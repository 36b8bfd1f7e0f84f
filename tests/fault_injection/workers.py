"""The portal's own processes: Celery workers, which are killed and started again, and two beats."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.processes.running import Program, until

POOLS = {"prefork": ["--concurrency", "2"], "solo": ["--pool", "solo"]}


class Workers:
    def __init__(self, folder: Path, environment: dict[str, str], chance: random.Random) -> None:
        self.folder, self.environment, self.chance = folder, environment, chance
        self.all: dict[str, Program] = {}
        self.beats: list[Program] = []
        self.ended: list[Program] = []
        self.ended_by_itself = self.hung_beats = 0
        self.killed: dict[int, float] = {}  # process id -> when
        self.suspended: dict[int, tuple[float, float]] = {}  # process id -> from when to when
        for name in POOLS:
            self.start(name)

    def start_beats(self) -> None:
        self.beats = [self.celery("beat", "--schedule", str(self.folder / f"beat-{number}")) for number in range(2)]

    def celery(self, *words: str) -> Program:
        return Program([sys.executable, "-m", "celery", "--app", "portal", *words, "--loglevel", "info"], self.environment)

    def start(self, name: str) -> None:
        self.all[name] = self.celery("worker", "--hostname", f"{name}@faults", *POOLS[name])

    def ready(self) -> list[str]:
        for name, program in self.all.items():
            if program.process.poll() is not None:
                self.start_anew(name)
        return [name for name, program in self.all.items() if "ready." in program.output]

    def start_anew(self, name: str) -> None:
        """As Docker or systemd does: a worker of Celery 5.7 can end by itself when Redis goes away while it holds messages."""
        self.ended.append(self.all[name])
        self.ended_by_itself += 1
        self.start(name)

    def all_ready(self) -> bool:
        return len(self.ready()) == len(self.all)

    def processes(self, name: str) -> list[int]:
        """Those that do tasks: the children of a pool, or the worker itself."""
        worker = self.all[name].process.pid
        if name == "solo":
            return [worker]
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(worker).children()]
        return []

    def pids(self) -> list[int]:
        return [pid for name in self.ready() for pid in self.processes(name)]

    def kill(self, pid: int, now: float) -> str:
        """SIGKILL, to one process of a pool or to a worker with all that it has started. Says which it was; "" if it was gone."""
        name = next((name for name in self.all if pid in self.processes(name)), None)
        if name is None:
            return ""
        if name == "prefork" and self.chance.random() < 0.5:  # Celery starts another
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.killed[pid] = now
            return "one process of a pool"
        self.killed |= dict.fromkeys(self.processes(name), now)
        with suppress(ProcessLookupError):
            self.all[name].interrupt(signal.SIGKILL)
        self.all[name].process.wait(20)
        self.ended.append(self.all[name])
        self.start(name)
        return "a whole worker"

    def suspend(self, pid: int, seconds: float) -> None:
        """As in a machine that hangs; the process goes on later, if nothing kills it meanwhile."""
        os.kill(pid, signal.SIGSTOP)
        self.suspended[pid] = time.time(), time.time() + seconds
        threading.Timer(seconds, self.go_on, [pid]).start()

    def go_on(self, pid: int) -> None:
        if pid in self.pids():  # and so is no other's by now
            os.kill(pid, signal.SIGCONT)

    def stop_beats(self) -> None:
        """Both must have lived through all of it. Celery's beat can hang when it is told to stop: Docker too kills it then."""
        for beat in self.beats:
            assert beat.process.poll() is None, f"a beat has ended:\n{beat.output[-3000:]}"
            beat.process.terminate()
        for beat in self.beats:
            try:
                beat.process.wait(10)
            except subprocess.TimeoutExpired:
                beat.process.send_signal(signal.SIGABRT)  # then it says where it hangs
                beat.process.wait(10)
                self.hung_beats += 1

    def stop(self) -> None:
        """In good order: a worker that hangs fails."""
        until(self.all_ready, self.logs)
        for name, program in self.all.items():
            program.process.terminate()
            assert program.ends_with_all() == 0, f"{name}: {program.output[-3000:]}"

    def end_all(self) -> None:
        """Whatever came before: nothing outlives the test."""
        for program in [*self.all.values(), *self.beats, *self.ended]:
            program.__exit__(None, None, None)

    def logs(self) -> str:
        return "".join(program.output for program in [*self.ended, *self.all.values(), *self.beats])
