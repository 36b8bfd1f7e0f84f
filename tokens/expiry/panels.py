"""What System Settings shows of the expiry scan: a summary above the keys, the last scans below them, and a preview in their dialogs."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

import settings_app.services as config
from settings_app.panels import Place, register, register_action
from tokens.expiry import preview
from tokens.expiry.policy import KEYS
from tokens.models import ScanRun

SHOWN = 10  # scans


def summary() -> dict[str, Any]:
    values = config.get_many(*KEYS)
    return {
        "effect": effect(*(values[key] for key in KEYS)),
        "run": ScanRun.objects.exclude(finished_at=None).order_by("-pk").first(),
    }


def scans(now: datetime) -> dict[str, Any]:
    """The context of `tokens/_scans.html`. `seen` changes whenever a scan finishes."""
    runs = list(ScanRun.objects.select_related("person").order_by("-pk")[:SHOWN])
    current = next((run for run in runs if is_running(run, now)), None)
    return {
        "lines": [line(run, now) for run in runs],
        "running": current,
        "scan_minutes": settings.TOKEN_SCAN_MINUTES,
        "seen": next((str(run.pk) for run in runs if run.finished_at), ""),
    }


def is_running(run: ScanRun, now: datetime) -> bool:
    """Does a process still have it? Not once its lease has expired."""
    return run.finished_at is None and run.lease_until > now


def running(now: datetime) -> ScanRun | None:
    """The scan that is running."""
    return ScanRun.objects.filter(finished_at=None, lease_until__gt=now).first()


def line(run: ScanRun, now: datetime) -> dict[str, Any]:
    return {
        "run": run,
        "duration": duration(run.finished_at - run.started_at) if run.finished_at else "",
        "counts": [(label, f"{count:,}") for label, count in counts(run).items()],
        "state": state(run, now),
    }


def counts(run: ScanRun) -> dict[str, int]:
    return {"due": run.due, "raised": run.raised, "cleared": run.cleared, "emails": run.queued}


def state(run: ScanRun, now: datetime) -> str:
    if run.finished_at:
        return "failed" if run.error else "done"
    return "running" if is_running(run, now) else "interrupted"


def duration(time: timedelta) -> str:
    """`40 ms`, `3.2 s`, `2 min 5 s`, `1 h 2 min`."""
    seconds = max(time.total_seconds(), 0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def change_preview(key: str, submitted: dict[str, Any] | None, deletes: bool) -> dict[str, Any]:
    """What a change of `key` would do. It is fetched as the value is typed; without JavaScript `submitted` is answered at once."""
    words = preview.words(submitted["key"], submitted["value"], timezone.now()) if submitted else ""
    return {"shown": not key or key in preview.PREVIEWED, "key": key, "deletes": deletes, "words": words}


def effect(days: tuple[int, ...], addresses: tuple[str, ...], owners: bool = False) -> str:
    """What the present settings will do, in a sentence."""
    if not days:
        why = "No notifications will be sent: email addresses are set, but Enable User Token Expiration Notifications has no days."
        return why if addresses else "Expiry notifications are off. Add days and email addresses."
    at = ", ".join(map(str, days[:-1])) + f" and {days[-1]}" if len(days) > 1 else str(days[0])
    recipients = [f"{len(addresses)} address{'es' if len(addresses) > 1 else ''}"] if addresses else []
    recipients += ["each token's owner"] if owners else []
    emails = f"email to {' and '.join(recipients)}" if recipients else "no email, since no address is set"
    return f"Faults raised {at} day{'s' if days != (1,) else ''} before expiry; {emails}."


def connect() -> None:
    """Called once, when the app is ready."""
    register(Place.ABOVE, "tokens/_scan_status.html", summary)
    register(Place.BELOW, "tokens/_scan_card.html", lambda: scans(timezone.now()))
    register(Place.DIALOG, "tokens/_scan_preview.html", change_preview)
    register_action("token_expiration_emails", "Send a test email", "tokens:test_email")
