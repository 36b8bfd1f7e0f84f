"""The calendar in iCalendar's words (RFC 5545): live permanent tokens as all-day events on their last days in the portal's zone."""

import re
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max
from django.urls import reverse
from icalendar import Calendar, Event, vDuration, vText

from portal.core import permissions as access
from portal.notifications.renderers import absolute_url
from portal.users.models import User
from tokens import dates
from tokens.models import Token

MOST_EVENTS = 2000
MOST_COUNTED = 10_000  # of those that are not listed: counting a million takes seconds
REFRESH = timedelta(hours=6)
DAY = timedelta(days=1)
# Names made before portal.core.text.clean may hold these.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def render(user: User, now: datetime) -> bytes:
    """The calendar that `user` may read at this moment, as iCalendar (RFC 5545): the soonest MOST_EVENTS of the live permanent
    tokens, and a word about the rest."""
    tokens = Token.objects.permanent().active(now).filter(**access.owned(user))
    tokens = tokens.order_by("expires_at", "id")
    fields = ("name", "kind", "last_four", "created_at", "expires_at", "user__username")
    soonest = list(tokens.select_related("user").only(*fields)[: MOST_EVENTS + 1])
    calendar = head(user)
    for token in soonest[:MOST_EVENTS]:
        calendar.add_component(expiry_event(token))
    if len(soonest) > MOST_EVENTS:
        later = tokens[MOST_EVENTS : MOST_EVENTS + MOST_COUNTED + 1].aggregate(count=Count("pk"), newest=Max("created_at"))
        if later["count"]:
            calendar.add_component(rest_event(later["count"], soonest[-2].expires_on, user, later["newest"]))
    return calendar.to_ical()


def head(user: User) -> Calendar:
    whose = "all API tokens" if user.is_administrator else f"API tokens of {user.username}"
    name = vText(plain(f"{settings.PORTAL_NAME}: {whose}"))  # as it stands the library would leave a comma in it
    calendar = Calendar()
    calendar.add("prodid", "-//Token Portal//Token expiries//EN")
    calendar.add("version", "2.0")
    calendar.add("name", name)  # RFC 7986; older programs read the next one
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))  # the same for Outlook, and for programs older than RFC 7986
    return calendar


def expiry_event(token: Token) -> Event:
    name, owner = plain(token.name), token.user.username
    said = f"{token.hint} is valid until {dates.ends(token.expires_at)}. Replace it before then."
    summary, link = f"API token {name} of {owner} expires", reverse("tokens:token", args=[token.pk])
    return all_day(str(token.pk), token.expires_on, summary, said, link, token.created_at)


def rest_event(count: int, day: date, reader: User, changed: datetime) -> Event:
    page = reverse("tokens:all") if reader.is_administrator else reverse("profile")
    many = f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"
    words = f"and {many} more token{' expires' if count == 1 else 's expire'} later"
    said = f"This calendar shows the {MOST_EVENTS:,} tokens that expire first."
    return all_day(f"later-{reader.pk}", day, words, said, f"{page}?sort=expires_at", changed)


def all_day(uid: str, day: date, summary: str, description: str, path: str, changed: datetime) -> Event:
    """`changed`: when this was last true otherwise. Read again, an event that has not changed is the same to the letter (RFC 5545,
    3.8.7.2): programs take one with a newer stamp for a revision."""
    event = Event()
    event.add("uid", f"{uid}@{urlsplit(settings.PORTAL_URL).hostname}")
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", day)
    event.add("dtend", day + DAY)
    event.add("summary", summary)
    event.add("description", description)
    event.add("url", absolute_url(path))
    event.add("transp", "TRANSPARENT")  # the day is not taken
    return event


def plain(words: str) -> str:
    """Words for a calendar's text, which the library escapes; except what it takes for a line break, or lets through as it is."""
    return CONTROL.sub(" ", words).replace("\\N", "\\ N")
