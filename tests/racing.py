"""Real races: each job in a thread of its own with its own database connection, all let go at the same moment."""

import time
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections


def race(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job returned, or the exception that it raised, in the order of the jobs."""
    results: list[Any] = [None] * len(jobs)
    start = Barrier(len(jobs))

    def run(place: int, job: Callable[[], Any]) -> None:
        try:
            connections["default"].ensure_connection()
            start.wait(timeout=60)
            results[place] = job()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "the jobs wait for one another"
    return results


def widen(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, seconds: float = 0.15) -> None:
    """Makes a pause just before `owner.name` is called, where the other threads would slip in if nothing held them back."""
    original = getattr(owner, name)

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(seconds)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, slow)
