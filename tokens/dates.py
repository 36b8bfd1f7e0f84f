"""Days and instants. A day is a day of the portal's time zone (`TIME_ZONE`); what is stored is an instant in UTC.

Every rule about days is here, so that the pages, the scan and the emails count alike: a token with the Expiry Date
2026-12-06 works through the whole of that day and has 15 days left on 2026-11-21, whatever the hour.
"""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

MICROSECOND = timedelta(microseconds=1)


def read_day(text: str) -> date:
    """A day as YYYY-MM-DD. Raises ValueError, with a message for the person who typed it."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  # the day is all that is taken
    except ValueError:
        raise ValueError(f"'{text[:40]}' is not a date. Write it as YYYY-MM-DD.") from None


def day_of(instant: datetime) -> date:
    return timezone.localtime(instant).date()


def start_of(day: date) -> datetime:
    """Midnight at which `day` begins. Where a clock change skips midnight it is the change; where one repeats it, the first."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


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
