"""What the tests read of a calendar."""

from datetime import datetime
from typing import Any

from icalendar import Calendar

from portal.core.actors import Actor
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import TokenFactory
from tokens.calendar import ical as calendar_text
from tokens.calendar import links as calendar
from tokens.models import Token


def text_of(user: User) -> str:
    """The secret of the user's link, switched on if it is off."""
    return calendar.reveal(calendar.switch_on(Actor(user), NOW))


def read(user: User, now: datetime = NOW) -> Calendar:
    return Calendar.from_ical(calendar_text.render(user, now))


def events(user: User, now: datetime = NOW) -> list[Any]:
    return read(user, now).walk("VEVENT")


def lines(user: User) -> list[str]:
    """The lines as they are written, except that long ones are not folded."""
    return calendar_text.render(user, NOW).decode().replace("\r\n ", "").split("\r\n")


def summaries(user: User) -> list[str]:
    return [str(event["summary"]) for event in events(user)]


def token(user: User, name: str = "deploy", **values: Any) -> Token:
    return TokenFactory(user=user, name=name, **{"created_at": NOW - DAY, "expires_at": NOW + 100 * DAY, **values})
