"""What calendar programs read behind the link."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import services as users
from portal.users.models import User
from tests.clock import DAY, NOW, SECOND
from tests.factories import AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory
from tests.tokens.calendar.reading import events, lines, summaries, text_of, token
from tokens import services, token_format
from tokens.calendar import ical as calendar_text
from tokens.calendar import links as calendar
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


def test_read_again_a_calendar_is_the_same_to_the_letter_until_a_token_changes(user: User) -> None:
    """Programs take an event with a newer stamp for a revision, and the ETag is made of the text."""
    mine = token(user)
    before = calendar_text.render(user, NOW)
    assert calendar_text.render(user, NOW + 5 * DAY) == before
    services.revoke(mine, None, NOW)
    assert calendar_text.render(user, NOW) != before


def test_the_note_about_later_tokens_has_a_stamp_of_the_data_too(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_text, "MOST_EVENTS", 1)
    for number in range(3):
        token(user, f"token-{number}", created_at=NOW - (9 - number) * DAY, expires_at=NOW + (50 + number) * DAY)
    assert events(user)[-1]["dtstamp"].dt == NOW - 7 * DAY
    assert calendar_text.render(user, NOW + DAY) == calendar_text.render(user, NOW)


@pytest.mark.usefixtures("in_utc")
def test_a_token_is_an_all_day_event_on_its_last_day(user: User) -> None:
    mine = token(user, expires_at=datetime(2027, 3, 1, tzinfo=UTC))
    (event,) = events(user)
    assert event["uid"] == f"{mine.pk}@127.0.0.1"
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2027, 2, 28), date(2027, 3, 1))
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert event["dtstamp"].dt == event["last-modified"].dt == mine.created_at
    assert event["transp"] == "TRANSPARENT"
    assert event["summary"] == "API token deploy of alice expires"
    assert event["description"] == f"tpp_…{mine.last_four} is valid until 2027-02-28 23:59 UTC. Replace it before then."
    assert event["url"] == f"http://127.0.0.1:8000/tokens/{mine.pk}/"


@pytest.mark.parametrize(
    ("zone", "last"), [("Pacific/Auckland", date(2027, 3, 2)), ("America/Los_Angeles", date(2027, 3, 1)), ("UTC", date(2027, 3, 1))]
)
def test_the_day_is_one_of_the_portals_time_zone(zone: str, last: date, user: User, settings: Settings) -> None:
    settings.TIME_ZONE = zone
    token(user, expires_at=datetime(2027, 3, 1, 18, 30, tzinfo=UTC))
    (event,) = events(user)
    assert (event["dtstart"].dt, event["dtend"].dt) == (last, last + DAY)


def test_the_calendar_has_a_name_and_says_how_often_to_look(user: User, settings: Settings) -> None:
    settings.PORTAL_NAME = "Tokens, keys; and\nmore"
    mine, all_of_them = "Tokens\\, keys\\; and more: API tokens of alice", "Tokens\\, keys\\; and more: all API tokens"
    assert {f"NAME:{mine}", f"X-WR-CALNAME:{mine}", "VERSION:2.0"} <= set(lines(user))
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT6H", "X-PUBLISHED-TTL:PT6H"} <= set(lines(user))
    assert {f"NAME:{all_of_them}", f"X-WR-CALNAME:{all_of_them}"} <= set(lines(AdministratorFactory()))


def test_it_holds_live_permanent_tokens_soonest_first(user: User) -> None:
    token(user, "later", expires_at=NOW + 30 * DAY)
    token(user, "soon", expires_at=NOW + 5 * DAY)
    token(user, "a moment left", expires_at=NOW + SECOND)
    token(user, "revoked", revoked_at=NOW)
    token(user, "expired", expires_at=NOW)
    token(user, "a sign-in", kind=Token.Kind.TEMPORARY)
    assert summaries(user) == [f"API token {name} of alice expires" for name in ("a moment left", "soon", "later")]


def test_a_token_vanishes_when_it_is_revoked(user: User) -> None:
    mine = token(user)
    assert len(events(user)) == 1
    services.revoke(mine, Actor(user), NOW)
    assert events(user) == []


def test_everybody_reads_their_own_tokens_and_administrators_all(user: User) -> None:
    operator, administrator = OperatorFactory(username="oscar"), AdministratorFactory(username="anna")
    for owner in (user, operator, administrator, ServiceFactory(username="ci")):
        last = token(owner)
    assert summaries(user) == ["API token deploy of alice expires"]
    assert summaries(operator) == ["API token deploy of oscar expires"]
    assert sorted(summaries(administrator)) == [f"API token deploy of {name} expires" for name in ("alice", "anna", "ci", "oscar")]
    urls = {str(event["url"]) for event in events(administrator)}
    assert f"http://127.0.0.1:8000/tokens/{last.pk}/" in urls


def test_the_role_is_looked_at_each_time(user: User) -> None:
    administrator = AdministratorFactory(username="anna")
    text = text_of(administrator)
    token(user)
    assert len(events(calendar.find(text))) == 1
    users.update(administrator, None, "operator", Actor(AdministratorFactory()))
    assert events(calendar.find(text)) == []


@pytest.mark.parametrize(
    "name",
    [
        "a, b; c: d",
        'quoted "name" \\ with \\n a backslash',
        "ключ für 部署 🚀" * 6,
        "100 % of %s {0} &amp;",
    ],
)
def test_a_name_reads_back_as_it_is(name: str, user: User) -> None:
    mine = token(user, name)
    (event,) = events(user)
    assert event["summary"] == f"API token {mine.name} of alice expires"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\r\n\r\n"])
def test_a_line_break_in_a_name_makes_no_line(line_break: str, user: User) -> None:
    token(user, f"x{line_break}END:VEVENT{line_break}BEGIN:VEVENT{line_break}SUMMARY:forged")
    assert len(events(user)) == 1
    written = calendar_text.render(user, NOW).decode()
    assert len(written.splitlines()) == written.count("\r\n")  # no other character that somebody might take for a line's end
    assert [line for line in lines(user) if "forged" in line and not line.startswith("URL:")] == [
        line for line in lines(user) if line.startswith("SUMMARY:API")
    ]
    assert (lines(user).count("BEGIN:VEVENT"), lines(user).count("END:VEVENT")) == (1, 1)


@given(st.text(st.characters(exclude_categories=["C"]), max_size=100))
def test_whatever_name_a_token_may_have_reads_back(name: str) -> None:
    try:
        name = services.clean_name(name)
    except ServiceError:
        return
    written = calendar_text.all_day("1", NOW.date(), name, "", "/", NOW)
    assert written.from_ical(written.to_ical())["summary"] == calendar_text.plain(name) or "\\N" in name


def test_of_a_tokens_text_no_more_is_told_than_its_hint(user: User) -> None:
    made, text = services.issue(user, "deploy", None, None, NOW)
    told = calendar_text.render(user, NOW).decode()
    assert made.hint in told
    assert not any(text[start : start + 5] in told for start in range(4, len(text) - 4))


# However many there are


def crowd(user: User, count: int) -> None:
    rows = [
        Token(
            user=user,
            name=f"n{n}",
            created_at=NOW - DAY,
            expires_at=NOW + (n + 1) * DAY,
            digest=token_format.digest(str(n)),
            last_four="abcd",
        )
        for n in range(count)
    ]
    Token.objects.bulk_create(rows)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (4, "and 1 more token expires later"),
        (3 + 1200, "and 1,200 more tokens expire later"),
        (3 + 1201, "and more than 1,200 more tokens expire later"),
    ],
)
def test_of_too_many_the_soonest_are_listed_and_the_rest_is_counted(
    count: int, said: str, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_text, "MOST_EVENTS", 3)
    monkeypatch.setattr(calendar_text, "MOST_COUNTED", 1200)
    crowd(user, count)
    found = events(user)
    assert [str(event["summary"]) for event in found] == [*(f"API token n{n} of alice expires" for n in range(3)), said]
    assert found[-1]["dtstart"].dt == found[-2]["dtstart"].dt
    assert found[-1]["dtend"].dt - found[-1]["dtstart"].dt == DAY
    assert len({event["uid"] for event in found}) == 4


def test_as_many_as_fit_are_all_listed(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_text, "MOST_EVENTS", 3)
    crowd(user, 3)
    assert [str(event["summary"]) for event in events(user)] == [f"API token n{n} of alice expires" for n in range(3)]


@pytest.mark.field
def test_two_thousand_events_are_the_most(user: User) -> None:
    crowd(user, 2001)
    found = summaries(user)
    assert (len(found), found[-1]) == (2001, "and 1 more token expires later")


def test_the_number_of_queries_does_not_grow_with_the_tokens(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_text, "MOST_EVENTS", 50)
    administrator = AdministratorFactory()
    counted = []
    for n in (1, 20, 70):
        for _ in range(n):
            token(UserFactory(), f"of many {n}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            calendar_text.render(administrator, NOW)
        counted.append(len(queries))
    assert counted == [1, 1, 2]  # the last is for the count of the rest
