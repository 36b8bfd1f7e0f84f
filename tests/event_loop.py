"""Coroutines in tests: in a loop as the server's and a thread of its own: once Playwright was used, its loop runs in the main thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

MOST_SECONDS = 60
T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns."""

    def in_thread() -> T:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(asyncio.wait_for(coroutine, MOST_SECONDS))

    with ThreadPoolExecutor(1) as executor:
        return executor.submit(in_thread).result()
