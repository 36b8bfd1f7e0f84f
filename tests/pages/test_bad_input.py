"""Every bad input of the product's list, through the real forms: 422, the error beside its field, the rest kept, nothing written."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test.client import MULTIPART_CONTENT
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.notifications.models import Message
from portal.users.models import User
from settings_app.models import Config
from tests.factories import TokenFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor, address
from tokens import dates
from tokens.models import Token

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db
with_htmx_and_without = pytest.mark.parametrize("htmx", ["", "pane"], ids=["plain", "htmx"])


def written() -> list[int]:
    return [model.objects.count() for model in (User, Token, Config, Entry, Message)]


def refused(visitor: Visitor, url: str, *args: Any, **data: str) -> Page:
    """Sends the form; it must be refused and leave no row. What was typed must stand in it still."""
    before = written()
    page = Page(visitor.send(url, *args, **data))
    assert page.status == 422
    assert written() == before
    assert {name: page.value(name) for name in data} == data
    assert bool(page.all("html")) is not bool(visitor.htmx)
    return page


def in_days(days: int) -> str:
    return f"{dates.day_of(timezone.now()) + timedelta(days=days):%Y-%m-%d}"


BAD_NAMES = {
    "": "Enter a name that says what the token is for.",
    "   ": "Enter a name that says what the token is for.",
    "x" * 101: "Name must be 100 characters or fewer (now 101).",
    "two\nlines": "Name can't contain line breaks or invisible characters.",
    "a\tb": "Name can't contain line breaks or invisible characters.",
    "zero\u200bwidth": "Name can't contain line breaks or invisible characters.",
    "\u202edesrever": "Name can't contain line breaks or invisible characters.",
    "n\x00l": "Null characters are not allowed.",
    "<b>bold</b>": "Name can't contain < or >.",
    "<script>alert(1)</script>": "Name can't contain < or >.",
    "taken": "alice@example.com already has an active token named taken.",
    " taken ": "alice@example.com already has an active token named taken.",
}
FORMS = ["tokens:create", "tokens:create_own", "tokens:add_own"]


def own(name: str) -> list[str]:
    return ["alice@example.com"] if name == "tokens:create" else []


@with_htmx_and_without
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_bad_token_name(name: str, form: str, htmx: str, as_administrator: Visitor) -> None:
    TokenFactory(user=as_administrator.user, name="taken")
    as_administrator.htmx = htmx
    dated = {} if form == "tokens:add_own" else {"expires": in_days(30)}
    page = refused(as_administrator, form, *own(form), name=name, **dated)
    assert page.errors == {"name": BAD_NAMES[name]}


@pytest.mark.parametrize("name", ["x" * 100, 'Ünïcödé & Söhne\'s "CI" 工具 🚀', "{{ 7|add:7 }}", "'; DROP TABLE tokens_token; --"])
def test_a_name_that_only_looks_bad_is_taken_and_shown_as_it_is(name: str, as_administrator: Visitor) -> None:
    assert as_administrator.send("tokens:create_own", name=name).status_code == 200
    assert as_administrator.see("profile").column("Name") == [name]


@pytest.mark.parametrize("state", ["revoked", "expired", "another's"])
def test_a_name_is_free_again_when_its_token_is_over_and_for_other_users(state: str, as_administrator: Visitor) -> None:
    now = timezone.now()
    values = {
        "revoked": {"user": as_administrator.user, "revoked_at": now},
        "expired": {"user": as_administrator.user, "created_at": now - timedelta(days=9), "expires_at": now - timedelta(days=1)},
        "another's": {},
    }
    TokenFactory(name="taken", **values[state])
    assert as_administrator.send("tokens:create_own", name="taken").status_code == 200


BAD_DATES = {
    "today": lambda: (in_days(0), f"Expiry date must be later than today ({in_days(0)})."),
    "yesterday": lambda: (in_days(-1), f"Expiry date must be later than today ({in_days(0)})."),
    "long ago": lambda: ("0001-01-01", f"Expiry date must be later than today ({in_days(0)})."),
    "too far": lambda: (in_days(366), f"Expiry date must be on or before {in_days(365)} (365 days from today)."),
    "the last day there is": lambda: ("9999-12-31", f"Expiry date must be on or before {in_days(365)} (365 days from today)."),
    **{
        text: lambda text=text: (text, f"'{text}' is not a date. Write it as YYYY-MM-DD.")
        for text in ("2026-02-30", "tomorrow", "31.12.2026", "12/31/2026", "2026-13-01", "20261231", "-1", "<b>")
    },
}


@with_htmx_and_without
@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("day", BAD_DATES)
def test_a_bad_expiry_date(day: str, form: str, htmx: str, as_administrator: Visitor) -> None:
    as_administrator.htmx = htmx
    text, error = BAD_DATES[day]()
    page = refused(as_administrator, form, *own(form), name="deploy", expires=text)
    assert page.errors == {"expires": error}


def test_a_day_beyond_the_maximum_lifetime_in_config(as_administrator: Visitor) -> None:
    config.add("token_lifetime_days", "30", None)
    page = refused(as_administrator, "tokens:create_own", name="deploy", expires=in_days(31))
    assert page.errors == {"expires": f"Expiry date must be on or before {in_days(30)} (30 days from today)."}
    assert as_administrator.send("tokens:create_own", name="deploy", expires=in_days(30)).status_code == 200


def test_name_and_date_both_bad_are_both_named(as_administrator: Visitor) -> None:
    page = refused(as_administrator, "tokens:create_own", name="", expires="tomorrow")
    assert set(page.errors) == {"name", "expires"}


def test_an_inactive_owner_gets_no_token(as_administrator: Visitor, person: User) -> None:
    as_administrator.send("users:deactivate", person.username)
    page = refused(as_administrator, "tokens:create", person.username, name="deploy")
    assert page.errors == {"": "bob@example.com is inactive and can't get a token."}


MANY = ";".join(f"person{number}@example.com" for number in range(500))
DAYS, EMAILS = "token_expiration_days", "token_expiration_emails"
BAD_VALUES = [
    (DAYS, "", "Enter a value."),
    (DAYS, "0", "'0' is not a whole number of days from 1 to 365."),
    (DAYS, "-1", "'-1' is not a whole number of days from 1 to 365."),
    (DAYS, "366", "'366' is not a whole number of days from 1 to 365."),
    (DAYS, "15.5", "'15.5' is not a whole number of days from 1 to 365."),
    (DAYS, "abc", "'abc' is not a whole number of days from 1 to 365."),
    (DAYS, "30;;7", "Remove the extra semicolon."),
    (DAYS, "30,7", "Separate days with semicolons."),
    (DAYS, "١٥", "'١٥' is not a whole number of days from 1 to 365."),
    (DAYS, "9" * 5000, f"'{'9' * 40}' is not a whole number of days from 1 to 365."),
    (EMAILS, "", "Enter a value."),
    (EMAILS, ";", "Remove the extra semicolon."),
    (EMAILS, "bob@", "'bob@' is not an email address."),
    (EMAILS, "a@example.com;bob@;c@example.com", "'bob@' is not an email address."),
    (EMAILS, "a@example.com,b@example.com", "Separate addresses with semicolons."),
    (EMAILS, "a@example.com;A@example.com", "'A@example.com' is listed twice."),
    (EMAILS, "a@example.com\nBcc: x@example.com", "'Bcc: x@example.com' is not an email address."),
    (EMAILS, MANY, "500 addresses are too many: at most 100. Use a mailing list."),
    ("session_minutes", "4", "'4' is not a whole number of minutes from 5 to 43,200."),
    ("session_minutes", "43201", "'43201' is not a whole number of minutes from 5 to 43,200."),
    ("token_lifetime_days", "0", "'0' is not a whole number of days from 1 to 365."),
    ("token_lifetime_days", "366", "'366' is not a whole number of days from 1 to 365."),
    ("users_may_create_tokens", "yes", "'yes' must be true or false."),
]


@with_htmx_and_without
@pytest.mark.parametrize(("key", "value", "error"), BAD_VALUES, ids=[f"{key}-{value[:20]!r}" for key, value, _ in BAD_VALUES])
def test_a_bad_value_in_config(key: str, value: str, error: str, htmx: str, as_administrator: Visitor) -> None:
    as_administrator.htmx = htmx
    page = refused(as_administrator, "settings:add", type=config.KEYS[key].type, key=key, value=value)
    assert page.errors == {"value": " ".join(error.split())}


@with_htmx_and_without
def test_a_bad_value_in_an_update_leaves_the_old_one(htmx: str, as_administrator: Visitor) -> None:
    config.add(DAYS, "30;7", None)
    as_administrator.htmx = htmx
    page = refused(as_administrator, "settings:update", DAYS, value="30;;7")
    assert page.errors == {"value": "Remove the extra semicolon."}
    assert config.get(DAYS) == (30, 7)


BAD_USERS = [
    ({"username": ""}, "username", "This field is required."),
    ({"username": "two words"}, "username", "Use an email address, or a name of letters"),
    ({"username": "a/b"}, "username", "Use an email address, or a name of letters"),
    ({"username": ".."}, "username", "Use an email address, or a name of letters"),
    ({"username": "<script>"}, "username", "Use an email address, or a name of letters"),
    ({"username": "bоb@example.com"}, "username", "bоb@example.com is not a valid email address."),  # a Cyrillic o
    ({"username": "jane.doe@examplecom"}, "username", "jane.doe@examplecom is not a valid email address."),
    ({"username": "jane@bücher.example"}, "username", "Enter the domain in its ASCII form: jane@xn--bcher-kva.example"),
    ({"username": "n\x00l"}, "username", "Null characters are not allowed."),
    ({"username": "x" * 151}, "username", "Ensure this value has at most 150 characters"),
    ({"username": "alice@example.com"}, "username", "A user named alice@example.com already exists."),
    ({"username": "ALICE@example.com"}, "username", "A user named alice@example.com already exists."),
    ({"role": "operator"}, "role", "A service account always has the role User. For any other role, enter a person's email address."),
    ({"display_name": "x" * 101}, "display_name", "Display name must be 100 characters or fewer (now 101)."),
]


@with_htmx_and_without
@pytest.mark.parametrize(("typed", "field", "error"), BAD_USERS, ids=[repr(row[0]) for row in BAD_USERS])
def test_a_bad_user(typed: dict[str, str], field: str, error: str, htmx: str, as_administrator: Visitor) -> None:
    as_administrator.htmx = htmx
    page = refused(as_administrator, "users:create", **{"username": "pipeline", "display_name": "Pipe", "role": "user", **typed})
    assert list(page.errors) == [field]
    assert page.errors[field].startswith(error)


def test_a_role_that_does_not_exist_is_refused(as_administrator: Visitor, person: User) -> None:
    for url in (reverse("users:create"), reverse("users:update", args=[person.username])):
        page = Page(as_administrator.send(url, username="new@example.com", display_name="", role="root"))
        assert (page.status, list(page.errors)) == (422, ["role"])


@with_htmx_and_without
@pytest.mark.parametrize("typed", ["", "Bob@example.com", "bob", "bob@example.com\x00"])
def test_a_deletion_that_is_not_confirmed_word_by_word(typed: str, htmx: str, as_administrator: Visitor, person: User) -> None:
    as_administrator.htmx = htmx
    page = refused(as_administrator, "users:delete", person.username, confirm=typed)
    assert list(page.errors) == ["confirm"]
    assert User.objects.existing().filter(pk=person.pk).exists()


def test_an_expired_form_gets_our_page_and_writes_nothing(administrator: User) -> None:
    strict = Visitor(administrator, enforce_csrf_checks=True)
    before = written()
    for data, title in (({}, "Cookies are blocked"), ({"csrfmiddlewaretoken": "x" * 64}, "This form has expired")):
        page = Page(strict.post(reverse("tokens:create_own"), {"name": "deploy", **data}))
        assert (page.status, page.one("h1").text) == (403, title)
    assert written() == before


def test_a_form_from_another_site_is_refused(administrator: User) -> None:
    strict = Visitor(administrator, enforce_csrf_checks=True)
    key = strict.see("tokens:create_own").one("form", "portal-form").value("csrfmiddlewaretoken")
    data = {"name": "deploy", "csrfmiddlewaretoken": key}
    assert strict.post(reverse("tokens:create_own"), data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert not Token.objects.permanent().exists()
    assert strict.post(reverse("tokens:create_own"), data).status_code == 200


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_a_form_of_ten_megabytes_is_refused_and_the_next_one_taken(kind: str, signed_in: bool, administrator: User) -> None:
    visitor = Visitor(administrator if signed_in else None, enforce_csrf_checks=True)
    url = address("tokens:create_own" if signed_in else "account_login")
    assert visitor.get(url).status_code == 200  # which gives it the CSRF cookie
    huge = "x" * 10_000_000
    page = Page(visitor.post(url, {"name": huge}, **({"content_type": MULTIPART_CONTENT} if kind == "multipart" else {})))
    assert (page.status, page.one("h1").text) == (413, "Request too large")
    assert settings.PORTAL_NAME in page.one("title").text
    assert "xxxxxxxx" not in page.source
    assert visitor.get(url).status_code == 200
    assert not Token.objects.permanent().exists()


def test_a_form_of_ten_thousand_fields_is_refused(as_administrator: Visitor) -> None:
    page = Page(as_administrator.send("tokens:create_own", **{f"field{number}": "x" for number in range(10_000)}))
    assert (page.status, page.one("h1").text) == (400, "Bad request")


def test_a_body_that_is_no_form_is_refused(as_administrator: Visitor) -> None:
    url = reverse("tokens:create_own")
    for kind in ("application/json", "multipart/form-data; boundary=", "text/plain", ""):
        page = Page(as_administrator.post(url, b"\xff\xfe\x00", content_type=kind))
        assert (page.status, page.one("h1").text) == (415, "Unsupported content type")
    assert not Token.objects.permanent().exists()


def test_the_last_day_that_is_allowed_is_taken(as_administrator: Visitor) -> None:
    assert as_administrator.send("tokens:create_own", name="one", expires=in_days(365)).status_code == 200
    assert as_administrator.send("tokens:create_own", name="two", expires=in_days(1)).status_code == 200
    assert date.fromisoformat(in_days(1)) in {dates.day_of(token.last_moment) for token in Token.objects.permanent()}
