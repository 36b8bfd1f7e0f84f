"""Look-ups of the event loop on SQLite: in a thread of their own."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from tests import event_loop
from tokens.verification import lookup
from tokens.verification.lookup import InThread, Stored, Unavailable

RUNS_ON = "sqlite"


def run(seconds: float, most: float, blocked: float, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The outcome of a look-up that takes some seconds, in an event loop that stands still for some."""
    monkeypatch.setattr(lookup, "MOST_SECONDS", most)

    def by_digest(digest: bytes) -> Stored | None:
        time.sleep(seconds)

    monkeypatch.setattr(lookup, "by_digest", by_digest)

    async def main() -> Any:
        task = asyncio.create_task(InThread().look_up(b"x"))
        await asyncio.sleep(0)
        time.sleep(blocked)
        return await task

    work: Coroutine[Any, Any, Any] = main()
    return event_loop.run(work)


def test_a_slow_look_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable):
        run(0.3, 0.05, 0, monkeypatch)


def test_a_result_that_is_there_counts_although_the_process_stood_still(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(0.1, 0.2, 0.5, monkeypatch) is None
