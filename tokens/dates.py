"""Days and instants. A day is a day of the portal's time zone (`TIME_ZONE`); what is stored is an instant in UTC.

Every rule about a token's days is here, so that the pages, the scan and the emails count alike: a token with the Expiry Date
2026-12-06 works through the whole of that day and has 15 days left on 2026-11-21, whatever the hour.
"""

from datetime import date, datetime, timedelta

from django.utils import timezone

from portal.core.days import read_day as read_day
from portal.core.days import start_of as start_of

MICROSECOND = timedelta(microseconds=1)


def day_of(instant: datetime) -> date:
    return timezone.localtime(instant).date()


def end_of(day: date) -> datetime:
    """The instant from which a token that is valid through `day` is rejected."""
    return start_of(day + timedelta(days=1))


def days_left(expires_at: datetime, now: datetime) -> int:
    """Whole days from today to the last day; 0 on the last day itself, negative when it is over."""
    return (day_of(expires_at - MICROSECOND) - day_of(now)).days


def due_before(days: int, now: datetime) -> datetime:
    """A token has `days` days or fewer left if it expires at or before this instant."""
    return end_of(day_of(now) + timedelta(days=days))


def ends(expires_at: datetime) -> str:
    """`2026-12-06 23:59 UTC`: the last minute of a token's life, with the zone."""
    return timezone.localtime(expires_at - MICROSECOND).strftime("%Y-%m-%d %H:%M %Z")
