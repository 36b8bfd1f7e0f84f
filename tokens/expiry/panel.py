"""The last scans, in the words and numbers of System Settings."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from tokens.models import ScanRun

SHOWN = 10


def content(now: datetime) -> dict[str, Any]:
    """The context of `tokens/_scans.html`. `seen` changes whenever a scan finishes."""
    runs = list(ScanRun.objects.select_related("person").order_by("-pk")[:SHOWN])
    work = next((run for run in runs if is_running(run, now)), None)
    return {
        "lines": [line(run, now) for run in runs],
        "running": work,
        "ranges": work.ranges.aggregate(total=Count("pk"), done=Count("done_at")) if work else None,
        "seen": next((str(run.pk) for run in runs if run.finished_at), ""),
    }


def is_running(run: ScanRun, now: datetime) -> bool:
    """An unfinished run whose lease is over belongs to no process any more."""
    return run.finished_at is None and run.lease_until > now


def running(now: datetime) -> ScanRun | None:
    """The scan that is at work."""
    return ScanRun.objects.filter(finished_at=None, lease_until__gt=now).first()


def line(run: ScanRun, now: datetime) -> dict[str, Any]:
    return {
        "run": run,
        "took": took(run.finished_at - run.started_at) if run.finished_at else "",
        "counts": [(label, f"{count:,}") for label, count in counts(run).items()],
        "state": state(run, now),
    }


def counts(run: ScanRun) -> dict[str, int]:
    return {"due": run.due, "raised": run.raised, "cleared": run.cleared, "mails": run.queued}


def state(run: ScanRun, now: datetime) -> str:
    if run.finished_at:
        return "failed" if run.error else "done"
    return "running" if is_running(run, now) else "interrupted"


def took(time: timedelta) -> str:
    """`40 ms`, `3.2 s`, `2 min 5 s`, `1 h 2 min`."""
    seconds = max(time.total_seconds(), 0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
