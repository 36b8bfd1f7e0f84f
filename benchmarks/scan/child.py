"""What is measured, each in a process of its own: `python -m scan.child VERB ...` prints its figures as JSON.

`now` is one instant for a whole database, so that a repeated scan finds nothing new, however long the benchmark takes.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.urls import reverse  # noqa: E402

from portal.faults.models import Fault  # noqa: E402
from portal.notifications import delivery  # noqa: E402
from portal.notifications import services as notifications  # noqa: E402
from scan import fill  # noqa: E402
from tokens import dates  # noqa: E402
from tokens.expiry import scan as expiry  # noqa: E402
from tokens.expiry.policy import Policy  # noqa: E402
from tokens.expiry.queries import SOURCE  # noqa: E402
from tokens.models import ScanRun, Token  # noqa: E402


def peak() -> float:
    """MiB, the most that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def scan(now: datetime) -> ScanRun:
    run = expiry.scan(now, ScanRun.Trigger.SCHEDULE)
    assert run is not None
    assert run.finished_at
    assert not run.error
    return run


def count_due(now: datetime) -> int:
    """The floor: how many are due, and nothing else. One plain SELECT count(*) with a JOIN."""
    return due_tokens(now).count()


def due_tokens(now: datetime) -> QuerySet[Token]:
    """Read in the plainest way, with a JOIN."""
    return Token.objects.permanent().active(now).filter(expires_at__lte=dates.due_before(30, now), user__is_active=True)


def first(now: datetime) -> dict[str, Any]:
    """A scan that finds everything new, then the delivery of its emails, as a worker does both."""
    warm_up()
    before = peak()
    seconds, run = timed(lambda: scan(now))
    scanned = peak()
    assert run.raised == run.due
    assert run.queued == len(fill.ADDRESSES)
    assert delivery.deliver(now) == (len(fill.ADDRESSES), 0)
    return {"seconds": seconds, "due": run.due, "before": before, "scanned": scanned, "delivered": peak()}


def warm_up() -> None:
    """A worker has its connection, and has read the URLs, before the first scan."""
    Policy.current()
    reverse("home")


def repeated(now: datetime, times: int) -> dict[str, Any]:
    """The floor and scans that find nothing new, in turns."""
    figures: dict[str, list[float]] = {"floor": [], "seconds": []}
    warm_up()
    count_due(now)
    scan(now)
    for _ in range(times):
        seconds, due = timed(lambda: count_due(now))
        figures["floor"].append(seconds)
        seconds, run = timed(lambda: scan(now))
        figures["seconds"].append(seconds)
        assert (run.due, run.raised, run.cleared, run.queued) == (due, 0, 0, 0)
    return figures


def loop(now: datetime, sample: int) -> dict[str, Any]:
    """What most projects write; as it stands, and with one transaction around it. Seconds for each due token, after these were read."""
    result = {}
    for name, around in (("loop", nullcontext()), ("loop in one transaction", transaction.atomic())):
        due = due_tokens(now).select_related("user")
        tokens = list(due.order_by("expires_at")[:sample])
        seconds, _ = timed(lambda tokens=tokens, around=around: notify(tokens, now, around))
        result[name] = seconds / len(tokens)
        Fault.objects.all().delete()
    return result


def notify(tokens: list[Token], now: datetime, around: AbstractContextManager) -> None:
    """One fault and one email to both addresses for each token. Their texts are plain strings: no template slows it."""
    with around:
        for token in tokens:
            text = f"The API token {token.name} of {token.user.username} expires {dates.ends(token.expires_at)}."
            words = {"name": "API token expires soon", "resource": f"{token.name} ({token.hint})", "description": text, "raised_at": now}
            _, new = Fault.objects.get_or_create(source=SOURCE, key=token.pk.hex, cleared_at=None, defaults=words)
            if new:
                notifications.queue("benchmark", fill.ADDRESSES, now=now, content={"subject": "An API token expires soon", "text": text})


COMMANDS: dict[str, Callable[..., Any]] = {
    "fill": fill.fill,
    "empty": lambda now: fill.empty(),
    "remember": lambda now: fill.remember(),
    "vacuum": lambda now: fill.vacuum(),
    **{each.__name__: each for each in (first, repeated, loop)},
}

if __name__ == "__main__":
    command, moment, *arguments = sys.argv[1:]
    print(json.dumps(COMMANDS[command](datetime.fromisoformat(moment), *map(json.loads, arguments))), flush=True)
