"""Whatever the portal's time zone: every page, email, API response and log of a token says the same last day."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from pytest_django import Settings

import settings_app.services as config
from portal.audit.models import Entry
from portal.faults.models import Fault
from portal.users.models import User
from tests.api.caller import Caller
from tests.clock import DAY, NOW
from tests.factories import AdministratorFactory, issue
from tests.pages.visitor import Visitor
from tokens import dates
from tokens.calendar import ical as calendar_text
from tokens.expiry import digest_content
from tokens.expiry import scan as expiry
from tokens.models import ScanRun, Token

pytestmark = pytest.mark.django_db
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu", "Africa/Cairo"]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.TIME_ZONE = request.param
    with timezone.override(request.param):
        yield request.param


def with_date(owner: User) -> tuple[Token, date]:
    """A token that was asked for until a day, and the day."""
    day = dates.day_of(NOW) + timedelta(days=40)
    return issue(owner, "dated", NOW, expires=day)[0], day


def without_date(owner: User) -> tuple[Token, date]:
    """One that ends a year after the minute in which it was made, and the day of that minute."""
    return issue(owner, "undated", NOW)[0], timezone.localtime(NOW + 365 * DAY).date()


def day_of(text: str) -> str:
    """`2026-12-31`, of `Dec 31, 2026` and whatever follows it."""
    return f"{datetime.strptime(' '.join(text.replace(',', ' ').split()[:3]) + ' +0000', '%b %d %Y %z'):%Y-%m-%d}"


def surfaces(token: Token, owner: User, settings: Settings) -> dict[str, str]:
    """What each surface says of the last day, as YYYY-MM-DD."""
    visitor, caller = Visitor(owner), Caller(owner)
    api = caller.call("GET", f"/tokens/{token.pk}").json()
    listed = visitor.see("tokens:all", q=token.name)
    (event,) = [each for each in Calendar.from_ical(calendar_text.render(owner, NOW)).walk("VEVENT") if token.name in each["summary"]]
    column = visitor.see("admin:tokens_token_changelist", q=token.name).one("td", "field-expires").text
    detail = visitor.get(reverse("admin:tokens_token_change", args=[token.pk])).content.decode()
    said = Fault.objects.get(source="token-expiry").description
    audit = Entry.objects.get(target_id=str(token.pk), event="token.created").changes
    return {
        "API": api["expires_on"],
        "API's instant": f"{timezone.localtime(datetime.fromisoformat(api['expires_at']) - dates.MICROSECOND):%Y-%m-%d}",
        "page": day_of(listed.column("Expires")[0]),
        "Django admin": day_of(column),
        "Django admin's page": day_of(column) if column in detail else "",
        "email": digest_content.line(token, NOW)["expires"][:10],
        "fault": said.partition(" expires ")[2][:10],
        "calendar": f"{event['dtstart'].dt}",
        "calendar's words": str(event["description"]).partition(" until ")[2][:10],
        "audit trail": audit["expires_on"][1],
    }


@pytest.mark.parametrize("made", [with_date, without_date])
def test_every_surface_says_the_same_last_day(made: Any, zone: str, settings: Settings) -> None:
    owner = AdministratorFactory()
    config.add("token_expiration_days", "365", None)
    with time_machine.travel(NOW, tick=False):
        token, day = made(owner)
        expiry.scan(NOW, ScanRun.Trigger.COMMAND)
        found = surfaces(token, owner, settings)
    assert found == dict.fromkeys(found, f"{day}")


def test_the_django_admin_filters_by_the_last_day(zone: str) -> None:
    owner = AdministratorFactory()
    with time_machine.travel(NOW, tick=False):
        issue(owner, "tomorrow", NOW, expires=dates.day_of(NOW) + timedelta(days=1))
        issue(owner, "in 7", NOW, expires=dates.day_of(NOW) + timedelta(days=7))
        issue(owner, "in 8", NOW, expires=dates.day_of(NOW) + timedelta(days=8))
        page = Visitor(owner).see("admin:tokens_token_changelist", expiry="7", kind__exact="permanent")
    names = {cell.text for cell in page.all("th", "field-name") + page.all("td", "field-name")}
    assert names == {"tomorrow", "in 7"}
