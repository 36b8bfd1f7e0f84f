"""What `manage.py audit receivers` says: how far each receiver has got, and what is wrong."""

from datetime import datetime

from portal.audit.models import Entry
from portal.audit.stream import delivery, receivers
from portal.audit.stream.models import Target


def lines() -> list[str]:
    last = Entry.objects.exclude(sequence=None).order_by("-sequence").values_list("sequence", flat=True).first() or 0
    targets = {target.name: target for target in Target.objects.all()}
    return [line(name, targets.get(name), last) for name in names()] or ["No receiver is configured."]


def names() -> list[str]:
    return [receiver.name for receiver in receivers.configured().values()]


def line(name: str, target: Target | None, last: int) -> str:
    if target is None:
        return f"{name}: nothing sent yet; {last:,} entries wait."
    behind = max(0, last - target.delivered)
    text = f"{name}: delivered up to {target.delivered:,}; {behind:,} entries wait."
    if target.failing_since:
        text += f" Failing since {target.failing_since:%Y-%m-%d %H:%M} UTC ({target.attempts} failed): {target.last_error}"
    return text


def push(now: datetime) -> None:
    """Sends what waits now, without regard to the pause after a failure."""
    Target.objects.filter(name__in=names()).update(next_attempt_at=now)
    for receiver in receivers.configured().values():
        delivery.deliver(receiver, now)
