"""What the home page says of the portal as a whole. Set queries: their number does not grow with the rows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.urls import reverse

import settings_app.services as config
from portal.faults.models import Fault
from portal.notifications.models import Message
from portal.pages import chart
from portal.users.models import User
from tokens import counts, dates, services
from tokens.expiry.digest import DIGEST
from tokens.models import Token

SOONEST, LATEST = 10, 5


@dataclass(frozen=True)
class Week:
    """Days in the portal's zone from a Monday to a Sunday, and how many active tokens have their last day in them."""

    first: date
    last: date
    count: int
    url: str

    @property
    def title(self) -> str:
        return f"{self.first:%b} {self.first.day} – {self.last:%b} {self.last.day}, {self.last.year}"

    @property
    def tokens(self) -> str:
        return f"{self.count:,} token{'' if self.count == 1 else 's'}"


@dataclass(frozen=True)
class State:
    """A word for tokens, how many there are, what it means and the list of them."""

    name: str
    count: int
    meaning: str
    url: str

    @property
    def shown(self) -> str:
        return f"{self.count:,}"


def context(user: User, now: datetime) -> dict[str, Any]:
    before = services.expiring_before(now)
    by_state, by_week, counted_at = counts.current(now, before)
    found = weeks(by_week, user, now)
    return {
        "states": states(by_state, user, now, before),
        "charts": charts(found, user, now) if any(by_week) else {},
        "weeks": found,
        "counted_at": counted_at,
        "soonest": soonest(now),
        "faults": open_faults(),
        "undelivered": undelivered(),
        "steps": first_steps(any(by_state.values())) if user.is_administrator else [],
    }


def weeks(numbers: list[int], user: User, now: datetime) -> list[Week]:
    spans = ((monday, monday + timedelta(days=6)) for monday in counts.mondays(now))
    return [week(*span, count, user, now) for span, count in zip(spans, numbers, strict=True)]


def week(first: date, last: date, count: int, user: User, now: datetime) -> Week:
    """The days from `first` to `last` with their tokens' number and list."""
    review = ending(max(dates.start_of(first), now), dates.end_of(last), revoked=False)
    return Week(first, last, count, tokens_url(user, {"expires_from": first.isoformat(), "expires_to": last.isoformat()}, review))


def by_month(found: list[Week], user: User, now: datetime) -> list[Week]:
    """The weeks in groups: those whose Monday is in the same month. For a chart on a narrow screen."""
    groups = [list(group) for _month, group in groupby(found, key=lambda each: (each.first.year, each.first.month))]
    return [week(group[0].first, group[-1].last, sum(each.count for each in group), user, now) for group in groups]


def charts(found: list[Week], user: User, now: datetime) -> dict[str, chart.Chart]:
    """One drawing for each width of the card; style sheets show the one that fits."""
    months = by_month(found, user, now)
    return {"wide": chart.draw(found, chart.WIDE), "medium": chart.draw(months, chart.MEDIUM), "narrow": chart.draw(months, chart.NARROW)}


def states(numbers: dict[str, int], user: User, now: datetime, before: datetime) -> list[State]:
    days = dates.days_left(before, now)
    soon = f"{days} day{'' if days == 1 else 's'} or fewer left" if before > now else "No warning period configured"
    meanings = {
        "active": "Valid, not expiring soon",
        "expiring": soon,
        "expired": "Past their expiry date",
        "revoked": "Revoked before expiry",
    }
    reviews = {
        "active": ending(before, None, revoked=False),
        "expiring": ending(now, before, revoked=False),
        "expired": ending(None, now, revoked=False),
        "revoked": ending(None, None, revoked=True),
    }
    return [State(name, numbers[name], meanings[name], tokens_url(user, {"status": name}, reviews[name])) for name in counts.STATES]


def tokens_url(user: User, listed: dict[str, str], review: dict[str, str]) -> str:
    """Access Control filtered by `listed`; for operators, who do not see it, the Django admin's tokens filtered by `review`."""
    name, query = ("tokens:all", listed) if user.is_administrator else ("admin:tokens_token_changelist", review)
    return f"{reverse(name)}?{urlencode(query)}"


def ending(after: datetime | None, until: datetime | None, revoked: bool) -> dict[str, str]:
    """The Django admin's filter for permanent tokens that end later than `after`, and at `until` at the latest. It knows only "from"
    and "before", hence the microsecond."""
    query = {"kind__exact": "permanent", "revoked_at__isnull": "0" if revoked else "1"}
    bounds = {"expires_at__gte": after, "expires_at__lt": until}
    return query | {name: (bound + dates.MICROSECOND).isoformat(sep=" ") for name, bound in bounds.items() if bound}


def soonest(now: datetime) -> list[dict[str, Any]]:
    """The live tokens that end first, each with its days left."""
    rows = Token.objects.permanent().active(now).order_by("expires_at", "id").select_related("user")[:SOONEST]
    return [{"token": token, "days_left": dates.days_left(token.expires_at, now)} for token in rows]


def open_faults() -> dict[str, Any]:
    """Those that nobody has acknowledged, as the bell counts them: how many of each severity, and the latest."""
    rows = Fault.objects.unacknowledged()
    found = dict(rows.order_by().values("severity").annotate(count=Count("*")).values_list("severity", "count"))
    severities = [(severity, found[severity]) for severity in reversed(Fault.Severity) if severity in found]
    return {"severities": severities, "total": sum(found.values()), "latest": list(rows[:LATEST])}


def undelivered() -> dict[str, Any]:
    """Digests that the mail server has not accepted so far."""
    rows: QuerySet[Message] = Message.objects.filter(kind=DIGEST).exclude(state=Message.State.SENT).exclude(last_error="")
    return {"total": rows.count(), "latest": list(rows.order_by("-created_at", "-pk")[:LATEST])}


def first_steps(has_tokens: bool) -> list[dict[str, Any]]:
    """What an administrator of a new portal does first; nothing once all of it is done."""
    values = config.get_many("token_expiration_days", "token_expiration_emails")
    steps = [
        {"done": User.objects.existing()[1:2].exists(), "label": "Add a person or a service account", "url": reverse("users:list")},
        {"done": has_tokens, "label": "Create a token for them", "url": reverse("users:list")},
        {"done": all(values.values()), "label": "Choose who is notified before tokens expire", "url": reverse("settings:all")},
    ]
    return [] if all(step["done"] for step in steps) else steps
