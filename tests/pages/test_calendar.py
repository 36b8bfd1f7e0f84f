"""The calendar's feed, as programs read it, and its card on the Profile."""

import json
import logging
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from pytest_django import Settings

from portal.core.actors import Actor
from portal.logging import RedactingFormatter
from portal.users import services as users
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, TokenFactory
from tests.one_time_links import NEW_PASSWORD
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens.calendar import links as calendar
from tokens.models import CalendarLink

pytestmark = pytest.mark.django_db


def link_of(visitor: Visitor) -> str:
    """What the eye and copy buttons ask for."""
    return json.loads(visitor.post(reverse("tokens:calendar_show"), headers={"Accept": "application/json"}).content)["link"]


def on(visitor: Visitor) -> str:
    """Switches the calendar on. Returns the path of the feed."""
    assert visitor.send("tokens:calendar_on").status_code == 302
    return link_of(visitor).removeprefix("http://127.0.0.1:8000")


def card(visitor: Visitor) -> Page:
    return visitor.see("profile").one("section", aria_labelledby="calendar")


# The feed


def test_a_program_without_any_cookie_reads_the_calendar(as_person: Visitor) -> None:
    TokenFactory(user=as_person.user, name="deploy")
    response = Client().get(on(as_person))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Referrer-Policy"] == "same-origin"
    assert not response.cookies
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert event["summary"] == "API token deploy of bob@example.com expires"


def test_while_nothing_has_changed_a_program_that_knows_the_etag_gets_304(as_person: Visitor) -> None:
    path = on(as_person)
    TokenFactory(user=as_person.user, name="deploy")
    etag = Client().get(path)["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = Client().get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"], again["Cache-Control"]) == (304, b"", etag, "private, no-cache")
    TokenFactory(user=as_person.user, name="another")
    changed = Client().get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed["ETag"] != etag


def test_the_link_opens_in_a_calendar_app(as_person: Visitor) -> None:
    path = on(as_person)
    page = Page(as_person.send("tokens:calendar_show"))
    assert page.one("code", "token-secret").text == f"http://127.0.0.1:8000{path}"
    assert page.one("a", href=f"webcal://127.0.0.1:8000{path}").text == "Open in your calendar app"


def test_head_is_answered_and_nothing_else_is(as_person: Visitor) -> None:
    path = on(as_person)
    head = Client().head(path)
    assert (head.status_code, head["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    for method in ("post", "put", "patch", "delete"):
        assert getattr(Client(), method)(path).status_code == 405


def test_it_is_not_kept_by_a_browser_that_is_signed_in_either(as_person: Visitor) -> None:
    assert "no-store" in as_person.get(on(as_person))["Cache-Control"]


def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(as_person: Visitor, administrator: User) -> None:
    renewed = on(as_person)
    as_person.send("tokens:calendar_renew")
    off = link_of(as_person).removeprefix("http://127.0.0.1:8000")
    assert Client().get(off).status_code == 200
    as_person.send("tokens:calendar_off")
    ended = on(as_person)
    users.deactivate(as_person.user, Actor(administrator))
    paths = [renewed, off, ended, f"/calendar/{'x' * 32}.ics", "/calendar/short.ics", "/calendar/", "/no/such/page/", f"{ended}%0A"]
    answers = [Client().get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(rb'(X-CSRFToken": ")\w+', rb"\1", answer.content) for answer in answers}) == 1
    assert len({str(sorted((name, value) for name, value in answer.headers.items() if name != "X-Request-Id")) for answer in answers}) == 1


def test_a_demoted_administrator_reads_only_their_own_tokens(as_administrator: Visitor) -> None:
    path = on(as_administrator)
    mine, another = TokenFactory(user=as_administrator.user), TokenFactory()
    read = lambda: {str(event["url"]).split("/")[-2] for event in Calendar.from_ical(Client().get(path).content).walk("VEVENT")}  # noqa: E731
    assert read() == {str(mine.pk), str(another.pk)}
    users.update(as_administrator.user, None, "user", Actor(AdministratorFactory()))
    assert read() == {str(mine.pk)}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines that the product's handler writes."""
    formatter = next(each.formatter for each in logging.getLogger().handlers if isinstance(each.formatter, RedactingFormatter))
    caplog.set_level(logging.DEBUG)
    return lambda: [formatter.format(record) for record in caplog.get_records("call")]


@pytest.fixture
def careful() -> Client:
    """Answers 500 as the server does, and asks for the CSRF token as it does."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def test_no_line_of_the_log_holds_the_secret(as_person: Visitor, careful: Client, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = on(as_person)
    text = path[10:42]
    assert careful.get(path).status_code == 200
    assert careful.put(path).status_code == 403
    as_person.send("tokens:calendar_off")
    for wrong in (
        path,
        f"{path}/",
        f"{path}?{text}",
        f"/calendar/{text}",
        f"/calendar//{text}.ics",
        f"/Calendar/{text}.ics",
        f"/calendar/é{text}.ics",
    ):
        assert careful.get(wrong).status_code == 404
    monkeypatch.setattr(calendar, "find", lambda text: 1 / 0)
    assert careful.get(path).status_code == 500
    lines = log()
    assert not [line for line in lines if any(text[start : start + 8] in line for start in range(25))]
    events = [json.loads(line)["event"] for line in lines]
    assert events.count("Not Found: /calendar/***.ics") >= 5
    assert "Internal Server Error: /calendar/***.ics" in events
    assert [event for event in events if event.startswith("Forbidden") and event.endswith("/calendar/***.ics")]


def test_a_log_line_that_would_hold_it_is_found() -> None:
    """The search above finds what is not masked: an address of another form."""
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "Not Found: /calender/abc", (), None)
    formatter = next(each.formatter for each in logging.getLogger().handlers if isinstance(each.formatter, RedactingFormatter))
    assert "/calender/abc" in formatter.format(record)


# The card


@pytest.mark.parametrize("name", ["as_person", "as_operator", "as_administrator"])
def test_everybody_switches_on_and_sees_the_link_masked(name: str, request: pytest.FixtureRequest) -> None:
    visitor = request.getfixturevalue(name)
    before = card(visitor)
    assert [button.text for button in before.all("button")] == ["Turn on"]
    path = on(visitor)
    after = card(visitor)
    assert after.one("code", data_masked="/calendar/**********.ics").text == "/calendar/**********.ics"
    assert [link.text for link in after.all("a")] == ["Renew", "Turn off"]
    labels = ["Show the calendar's link", "Copy the calendar's link", "Subscribe in a calendar app"]
    assert [button.attributes["aria-label"] for button in after.all("button")] == labels
    assert path[10:18] not in visitor.see("profile").source


def test_the_card_says_whose_tokens_are_in_it(as_person: Visitor, as_operator: Visitor, as_administrator: Visitor) -> None:
    assert "expiry dates of your API tokens" in card(as_person).text
    assert "expiry dates of your API tokens" in card(as_operator).text
    assert "expiry dates of all API tokens" in card(as_administrator).text


def test_the_link_is_given_as_json_that_nobody_keeps(as_person: Visitor) -> None:
    path = on(as_person)
    response = as_person.post(reverse("tokens:calendar_show"), headers={"Accept": "application/json"})
    assert json.loads(response.content) == {"link": f"http://127.0.0.1:8000{path}"}
    assert "no-store" in response["Cache-Control"]


def test_without_javascript_the_eye_shows_the_link_on_a_page_of_its_own(as_person: Visitor) -> None:
    path = on(as_person)
    form = card(as_person).one("form")
    response = as_person.post(form.attributes["action"], headers={"Accept": "text/html,*/*;q=0.8"})
    assert Page(response).one("code").text == f"http://127.0.0.1:8000{path}"
    assert "no-store" in response["Cache-Control"]


def test_there_is_nothing_to_show_of_a_calendar_that_is_off(as_person: Visitor) -> None:
    url = reverse("tokens:calendar_show")
    assert as_person.post(url, headers={"Accept": "application/json"}).status_code == 404
    html = as_person.post(url, headers={"Accept": "text/html"})
    assert (html.status_code, html["Location"]) == (302, reverse("profile"))


def test_looking_at_the_confirmations_changes_nothing(as_person: Visitor) -> None:
    path = on(as_person)
    for name in ("tokens:calendar_renew", "tokens:calendar_off"):
        for htmx in ("", "window"):
            as_person.htmx = htmx
            assert as_person.see(name).one("form", "portal-form").attributes["method"] == "post"
    as_person.htmx = ""
    assert Client().get(path).status_code == 200


def test_renewing_gives_another_link_and_the_card_says_so(as_person: Visitor) -> None:
    old = on(as_person)
    assert as_person.send("tokens:calendar_renew").status_code == 302
    assert as_person.see("profile").toasts[-1] == "Calendar link renewed. The old link no longer works."
    assert link_of(as_person).removeprefix("http://127.0.0.1:8000") != old


@pytest.mark.parametrize("name", ["tokens:calendar_renew", "tokens:calendar_off"])
def test_in_a_dialog_both_lead_to_the_page_anew(name: str, as_person: Visitor) -> None:
    on(as_person)
    as_person.htmx = "window"
    response = as_person.send(name)
    assert (response.status_code, response["HX-Redirect"]) == (204, reverse("profile"))


@pytest.mark.parametrize("name", ["tokens:calendar_renew", "tokens:calendar_off"])
def test_a_confirmation_for_a_link_that_was_renewed_meanwhile_ends_nothing(name: str, as_person: Visitor) -> None:
    """A second click, or another tab: the link that the first one made stays."""
    on(as_person)
    version = as_person.see(name).one("input", name="version").attributes["value"]
    as_person.submit("tokens:calendar_renew")
    renewed = link_of(as_person)
    assert as_person.send(name, version=version).status_code == 302
    assert as_person.see("profile").toasts[-1] == "Nothing was changed: the calendar's link has been renewed since you opened that page."
    assert link_of(as_person) == renewed
    as_person.submit(name)
    assert not CalendarLink.objects.exists() or link_of(as_person) != renewed


@pytest.mark.parametrize(("name", "said"), [("calendar_renew", "is turned off."), ("calendar_off", "is already turned off.")])
def test_what_was_switched_off_in_another_window_says_so(name: str, said: str, as_person: Visitor) -> None:
    on(as_person)
    as_person.send("tokens:calendar_off")
    as_person.see("profile")
    assert as_person.send(f"tokens:{name}").status_code == 302
    assert as_person.see("profile").toasts == [f"The calendar {said}"]
    assert not CalendarLink.objects.exists()


def test_one_users_clicks_leave_anothers_link_alone(as_person: Visitor, as_operator: Visitor) -> None:
    mine, theirs = on(as_person), on(as_operator)
    as_person.send("tokens:calendar_renew")
    as_person.send("tokens:calendar_off")
    assert Client().get(mine).status_code == 404
    assert Client().get(theirs).status_code == 200


def test_a_link_that_works_but_cannot_be_shown_says_so_and_offers_another(as_person: Visitor, settings: Settings) -> None:
    feed = on(as_person)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key of the portal, of some length too"
    calendar.keep_all_up()
    as_person.see("profile")  # the session goes on under the new key
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().get(feed).status_code == 200
    shown = card(as_person)
    assert "can't be shown again" in shown.text
    assert not shown.all("code")
    assert as_person.post(reverse("tokens:calendar_show"), headers={"Accept": "application/json"}).status_code == 404
    as_person.send("tokens:calendar_renew")
    assert Client().get(link_of(as_person).removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert Client().get(feed).status_code == 404


def test_a_new_password_ends_the_link_as_the_pages_say(as_person: Visitor) -> None:
    feed = on(as_person)
    assert "ends when you set a new password" in card(as_person).text
    assert "so does your calendar link" in as_person.see("account_change_password").text
    as_person.send("account_change_password", oldpassword=PASSWORD, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    assert Client().get(feed).status_code == 404
    assert card(as_person).all("button")[0].text == "Turn on"
