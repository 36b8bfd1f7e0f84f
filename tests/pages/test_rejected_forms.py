"""A form that the portal rejects before reading it: why, and what was typed, so that it can be sent again."""

import json
import logging
from typing import Any

import pytest
from django.test import override_settings
from django.urls import reverse

import settings_app.services as settings
from portal.users.models import User
from tests.factories import PASSWORD
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens.models import Token

pytestmark = pytest.mark.django_db
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
SIGN_IN = "account_login"


class Browser(Visitor):
    """A visitor whose forms are checked as a real one's are."""

    def __init__(self, user: User | None = None, **options: Any) -> None:
        super().__init__(user, enforce_csrf_checks=True, **options)

    def fill_in(self, url: str, form: str = "portal-form", /, **typed: str) -> dict[str, str]:
        return fields(self.see(url).all("form", form)[0]) | typed

    def submit(self, name: str, data: dict[str, str], **headers: str) -> Any:
        return self.post(name if name.startswith("/") else reverse(name), data, headers=FROM_HERE | headers)

    def sign_in_in_another_tab(self, user: User) -> None:
        assert self.submit(SIGN_IN, self.fill_in(SIGN_IN, "", login=user.username, password=PASSWORD)).status_code == 302


def fields(form: Any) -> dict[str, str]:
    return {field.attributes["name"]: field.attributes.get("value", "") for field in form.all("input")}


def end_session(browser: Visitor) -> None:
    browser.cookies.pop("portal_session")


def test_a_second_sign_in_tab_goes_on(person: User) -> None:
    browser = Browser()
    url = f"{reverse(SIGN_IN)}?next=/profile/%3Fq=x"
    second = fields(browser.see(url).one("form"))
    browser.sign_in_in_another_tab(person)
    page = Page(browser.submit(url, second | {"login": person.username, "password": PASSWORD}))
    assert (page.status, page.one("h1").text) == (403, "You're already signed in")
    assert person.username in page.text
    assert [link.attributes["href"] for link in page.all("a", "btn")] == ["/profile/?q=x", reverse("account_logout")]


def test_a_second_sign_in_tab_leads_to_no_other_site(person: User) -> None:
    browser = Browser()
    second = browser.fill_in(SIGN_IN, "", login="x", password="y")
    browser.sign_in_in_another_tab(person)
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        page = Page(browser.submit(SIGN_IN, second | {"next": elsewhere}))
        assert page.all("a", "btn")[0].attributes["href"] == "/"


def test_an_ended_session_keeps_what_was_typed_until_it_is_sent_again(administrator: User) -> None:
    browser = Browser(administrator)
    typed = browser.fill_in("users:create", username="new@example.com", display_name='<b>"New"</b>', role="operator")
    end_session(browser)
    page = Page(browser.submit("users:create", typed))
    assert (page.status, page.one("h1").text) == (403, "Your session has ended")
    assert "no-store" in page.response["Cache-Control"]
    assert page.one("a", target="_blank").attributes["href"] == reverse(SIGN_IN)
    shown = dict(zip([each.text for each in page.all("dt")], [each.text for each in page.all("dd")], strict=True))
    assert shown == {"Username": "new@example.com", "Display name": '<b>"New"</b>', "Role": "operator"}
    assert '<b>"New"</b>' not in page.source
    assert not User.objects.filter(username="new@example.com").exists()

    browser.sign_in_in_another_tab(administrator)
    # Signing in gave the browser another CSRF token: the page that is still open has the old one.
    page = Page(browser.submit("users:create", fields(page.one("form"))))
    assert (page.status, page.one("h1").text) == (403, "This form has expired")
    assert administrator.username in page.text
    assert browser.submit("users:create", fields(page.one("form"))).status_code == 302
    user = User.objects.get(username="new@example.com")
    assert (user.display_name, user.role) == ('<b>"New"</b>', "operator")


def test_a_confirmation_in_an_ended_session_is_asked_for_again_after_signing_in(administrator: User) -> None:
    browser = Browser(administrator)
    confirmation = browser.fill_in("tokens:calendar_off")
    end_session(browser)
    assert browser.submit("tokens:calendar_off", confirmation)["Location"] == f"{reverse(SIGN_IN)}?next={reverse('tokens:calendar_off')}"


def test_no_password_is_kept_and_nothing_that_is_too_long(person: User) -> None:
    browser = Browser()
    stale = browser.fill_in(SIGN_IN, "", login=person.username, password=PASSWORD)
    browser.sign_in_in_another_tab(person)
    browser.submit("account_logout", browser.fill_in("account_logout"))
    page = Page(browser.submit(SIGN_IN, stale))
    assert (page.status, page.one("h1").text) == (403, "This form has expired")
    assert PASSWORD not in page.source
    again = Page(browser.submit(SIGN_IN, fields(page.one("form"))))
    assert again.value("login") == person.username
    page = Page(browser.submit(SIGN_IN, stale | {"login": "x" * 30_000}))
    assert page.one("h1").text == "This form has expired"
    assert "xxxx" not in page.source
    assert page.one("a", "btn").attributes["href"] == reverse(SIGN_IN)
    for name in ("password1", "password2", "oldpassword", "new_Password"):
        assert "secret words" not in Page(browser.submit("account_change_password", {name.lower(): "secret words"})).source


STRANGERS = [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}]


@pytest.mark.parametrize("headers", STRANGERS)
@pytest.mark.parametrize("htmx", ["", "pane"])
def test_what_another_site_put_into_a_form_never_comes_back_in_one_of_ours(headers: dict[str, str], htmx: str, administrator: User) -> None:
    browser = Browser(administrator, htmx=htmx)
    browser.get(reverse("profile"))
    for token in ("", "x" * 64):
        response = browser.post(reverse("users:create"), {"username": "evil", "csrfmiddlewaretoken": token}, headers=headers)
        assert response.status_code == 403
        assert "evil" not in response.content.decode()
        assert "csrf-renewed" not in response.headers.get("HX-Trigger", "")
    assert htmx or not Page(response).all("form")


@pytest.mark.parametrize("headers", [{"Origin": "https://portal.example.com"}, {"Origin": "null"}])
def test_a_wrong_origin_is_said_in_the_log_with_both_and_on_the_page_in_general(
    headers: dict[str, str], administrator: User, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(administrator)
    typed = browser.fill_in("tokens:create_own", name="deploy")
    with override_settings(PORTAL_URL="http://127.0.0.1:8000"), caplog.at_level(logging.WARNING):
        page = Page(browser.post(reverse("tokens:create_own"), typed, headers=headers | {"Sec-Fetch-Site": "same-origin"}))
    assert (page.status, page.one("h1").text) == (403, "This form can't be accepted")
    assert "portal.example.com" not in page.text
    assert "127.0.0.1" not in page.text
    assert "deploy" not in page.source
    (record,) = [each for each in caplog.records if each.name == "portal.core.rejected_forms"]
    assert {
        "origin": headers["Origin"],
        "expected": "http://127.0.0.1:8000",
        "seen_by_portal": "http://testserver",
    }.items() <= record.msg.items()
    assert not Token.objects.permanent().exists()


def test_a_wrong_referer_is_logged_without_its_path(administrator: User, caplog: pytest.LogCaptureFixture) -> None:
    browser = Browser(administrator)
    url = "https://elsewhere.example/secret?token=x"
    with caplog.at_level(logging.WARNING):
        response = browser.post(reverse("tokens:create_own"), {"name": "x"}, secure=True, headers={"Referer": url})
    assert Page(response).one("h1").text == "This form can't be accepted"
    (record,) = [each for each in caplog.records if each.name == "portal.core.rejected_forms"]
    assert record.msg["origin"] == "https://elsewhere.example"


def test_blocked_cookies_are_named_and_the_form_can_be_sent_again(person: User) -> None:
    browser = Browser()
    typed = browser.fill_in(SIGN_IN, "", login=person.username, password=PASSWORD)
    browser.cookies.clear()
    page = Page(browser.submit(SIGN_IN, typed))
    assert (page.status, page.one("h1").text) == (403, "Cookies are blocked")
    assert "portal_csrf" in browser.cookies
    assert browser.submit(SIGN_IN, fields(page.one("form")) | {"password": PASSWORD}).status_code == 302


def test_with_htmx_the_form_gets_a_new_token_and_can_be_submitted_again(administrator: User) -> None:
    browser = Browser(administrator)
    typed = browser.fill_in("tokens:create_own", name="deploy")
    browser.cookies.pop("portal_session")
    browser.sign_in_in_another_tab(administrator)
    browser.htmx = "window"
    response = browser.submit("tokens:create_own", typed)
    assert response.status_code == 403
    assert toast(response)["text"].startswith("This form had expired")
    renewed = json.loads(response["HX-Trigger"])["csrf-renewed"]["token"]
    assert browser.submit("tokens:create_own", typed | {"csrfmiddlewaretoken": renewed}).status_code == 200
    assert Token.objects.permanent().get().name == "deploy"


def test_what_one_user_typed_is_not_renewed_for_another(person: User, administrator: User) -> None:
    browser = Browser(administrator)
    opened = browser.see("tokens:all")
    headers = json.loads(opened.one("body").attributes["hx-headers"])
    assert headers["X-Page-User"] == str(administrator.pk)
    typed = browser.fill_in("tokens:create_own", name="deploy")
    browser.cookies.pop("portal_session")
    browser.sign_in_in_another_tab(person)
    browser.htmx = "window"
    response = browser.submit("tokens:create_own", typed, **{"X-Page-User": headers["X-Page-User"]})
    assert response.status_code == 403
    assert toast(response)["text"].endswith(f"reload the page to go on as {person.username}.")
    assert "csrf-renewed" not in json.loads(response["HX-Trigger"])

    browser.htmx = ""
    settings.add("users_may_create_tokens", "true", None)
    opened_later = browser.fill_in("tokens:create_own", name="deploy")  # a dialog with the other user's CSRF token
    browser.htmx = "window"
    assert browser.submit("tokens:create_own", opened_later, **{"X-Page-User": headers["X-Page-User"]}).status_code == 403
    assert not Token.objects.permanent().exists()
    assert browser.submit("tokens:create_own", opened_later, **{"X-Page-User": str(person.pk)}).status_code == 200
