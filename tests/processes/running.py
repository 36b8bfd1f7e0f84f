"""Starts a program as a terminal would, in a process group of its own, and looks after everything that it starts."""

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def until(true: Callable[[], Any], what: str | Callable[[], str], seconds: float = 60) -> Any:
    """The first true value of `true()`, or a failure that says what did not come. A function says it as of then: with what a
    program has printed by that time."""
    end = time.monotonic() + seconds
    while True:
        if value := true():
            return value
        assert time.monotonic() < end, f"after {seconds} seconds there was still no {what() if callable(what) else what}"
        time.sleep(0.1)


@contextmanager
def stopped(program: psutil.Process) -> Iterator[None]:
    """`program` and all that it has started stand still meanwhile, as in a machine that hangs."""
    family = [program, *program.children(recursive=True)]
    try:
        for process in family:
            process.send_signal(signal.SIGSTOP)
        until(lambda: all(process.status() == psutil.STATUS_STOPPED for process in family), "standstill", 5)
        yield
    finally:
        for process in family:
            process.send_signal(signal.SIGCONT)


class Program:
    """With `with`: whatever still runs at the end is killed, so that a failing test leaves nothing behind."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path = REPOSITORY) -> None:
        self.mark = uuid.uuid4().hex
        environment = {**environment, "TEST_MARK": self.mark}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(self.process.stdout)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """The first line with `text` in it."""

        def line() -> str | None:
            found = next((line for line in list(self.lines) if text in line), None)
            assert found or self.process.poll() is None, f"ended before it said {text!r}:\n{self.output}"
            return found

        return until(line, f"{text!r} in the output:\n{self.output}", seconds)

    def family(self) -> list[psutil.Process]:
        """All that it has started and that still runs, also what has lost its parent: children inherit the mark."""
        marked = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TEST_MARK") == self.mark and process.pid != self.process.pid:
                    marked.append(process)
        return marked

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """What Ctrl-C in a terminal does: the signal goes to the whole foreground group."""
        os.killpg(self.process.pid, number)

    def ends_with_all(self, seconds: float = 20) -> int:
        """Waits for the end; nothing that it has started may be left. Returns the exit status."""
        status = self.process.wait(seconds)
        self.reader.join(5)
        left = psutil.wait_procs(self.family(), timeout=1)[1]
        assert not left, f"still running: {left}"
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.kill()
