"""How the screens write dates. One way for all of them:

- `when`: words for what is at most NEAR away ("in 10 days", "3 hours ago"), the date for the rest ("Apr 11, 2026");
- `dated`: the date, as in the documents' columns, with the words beside it where it is near;
- `timed`: the same with the time of day;
- all are a `<time>` with the exact instant and its zone, which static/js/when.js shows on hover, focus and tap, and which is printed.

Dates are days of `TIME_ZONE`. Lists call these 75 times for a page, hence no templates and no strftime.
"""

from datetime import datetime

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

NEAR = 30  # days
DAY = 86_400  # seconds
NEVER = mark_safe('<span class="text-body-secondary" title="Never">—</span>')
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(instant: datetime | None, now: datetime, note: str = "") -> SafeString:
    """A `<time>` for a screen that no document shows. `note`: what else to say with the exact instant ("from 192.0.2.1")."""
    if instant is None:
        return NEVER
    zone = timezone.get_current_timezone()
    local = instant.astimezone(zone)
    return element(local, distance(local, now.astimezone(zone), NEAR) or day(local), note)


def dated(instant: datetime | None, now: datetime, note: str = "", near: int = NEAR) -> SafeString:
    """A `<time>` for a column in which the documents show a date. `note`: as for `when`; `near`: days up to which there are words."""
    if instant is None:
        return NEVER
    zone = timezone.get_current_timezone()
    local = instant.astimezone(zone)
    words = distance(local, now.astimezone(zone), near)
    return element(local, f'{day(local)} <small class="when-relative">{words}</small>' if words else day(local), note)


def timed(instant: datetime | None, now: datetime) -> SafeString:
    """`dated` with the time of day, where its order and its seconds matter: in the audit trail."""
    if instant is None:
        return NEVER
    zone = timezone.get_current_timezone()
    local = instant.astimezone(zone)
    words = distance(local, now.astimezone(zone), NEAR)
    shown = f"{day(local)} <span>{local.isoformat(timespec='seconds')[11:19]}</span>"
    return element(local, f'{shown} <small class="when-relative">{words}</small>' if words else shown, "")


def element(local: datetime, html: str, note: str) -> SafeString:
    """`html`: what is seen, as HTML."""
    iso = local.isoformat(timespec="seconds")
    title = f"{iso[:10]} {iso[11:19]} {local.tzname()}" + (f", {escape(note)}" if note else "")
    return mark_safe(f'<time class="when" datetime="{iso}" title="{title}">{html}</time>')  # noqa: S308


def day(local: datetime) -> str:
    """`Dec 6, 2026`. `local`: in the time zone whose day is meant."""
    return f"{MONTHS[local.month - 1]} {local.day}, {local.year}"


def distance(local: datetime, now: datetime, near: int = NEAR) -> str:
    """How far `local` is from `now`, both in the portal's time zone, in words; empty for more than `near` days.

    Less than a day is given in minutes or hours. The last second of a day means the whole day, as an expiry date does: "today".
    """
    days = local.toordinal() - now.toordinal()
    if abs(days) > near:
        return ""
    if (local.hour, local.minute, local.second) == (23, 59, 59):
        return in_days(days)
    seconds = local.timestamp() - now.timestamp()  # the difference of two local times would ignore a change of the clocks
    return in_days(days) if abs(seconds) >= DAY else in_minutes(int(seconds / 60))


def in_days(days: int) -> str:
    if near := {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days):
        return near
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def in_minutes(minutes: int) -> str:
    """`minutes`: whole ones, rounded towards 0; negative for the past."""
    if minutes == 0:
        return "just now"
    many, unit = (abs(minutes) // 60, "hour") if abs(minutes) >= 60 else (abs(minutes), "minute")
    words = f"{many} {unit}{'s' * (many != 1)}"
    return f"in {words}" if minutes > 0 else f"{words} ago"
