"""What every answer says to the browser, and that no page holds what those headers forbid."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone

import settings_app.services as config
from portal import urls
from portal.core.actors import Actor
from portal.users.models import User
from tests.factories import PASSWORD, FaultFactory, TokenFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor, address
from tokens.models import ScanRun

pytestmark = pytest.mark.django_db
OPEN = [
    "account_login",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "/accounts/password/reset/1-abc-123/",
    "/no/such/page/",
]
SIGNED_IN = [
    "home",
    "profile",
    "users:list",
    "users:create",
    "/administrator/users/bob@example.com/tokens/",
    "/administrator/users/bob@example.com/tokens/add/",
    "/administrator/users/bob@example.com/update/",
    "/administrator/users/bob@example.com/deactivate/",
    "/administrator/users/bob@example.com/activate/",
    "/administrator/users/bob@example.com/delete/",
    "/administrator/users/nobody/",
    "tokens:all",
    "tokens:add_own",
    "tokens:create_own",
    "faults:list",
    "settings:config",
    "settings:add",
    "/administrator/system-settings/config/session_minutes/update/",
    "/administrator/system-settings/config/session_minutes/delete/",
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
    "admin:index",
    "admin:faults_fault_changelist",
    "admin:tokens_token_changelist",
    "admin:users_user_changelist",
    "admin:notifications_message_changelist",
    "audit:list",
]


@pytest.fixture
def full(person: User, administrator: User) -> Visitor:
    """An administrator whose lists have rows of every kind."""
    now = timezone.now()
    for values in ({}, {"revoked_at": now}, {"last_used_at": now}):
        TokenFactory(user=person, **values)
        TokenFactory(user=administrator, **values)
    FaultFactory(links=[{"label": "Token", "url": "/", "admin_url": "/"}])
    FaultFactory(acknowledged_at=now, acknowledged_by=person, cleared_at=now)
    config.add("session_minutes", "60", Actor(administrator))
    ScanRun.objects.create(triggered_by="schedule", started_at=now, finished_at=now)
    return Visitor(administrator)


def policy(response: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in filter(None, parts)}


def is_locked_down(response: Any) -> None:
    found = policy(response)
    assert "unsafe" not in response["Content-Security-Policy"]
    assert found["default-src"] == ["'self'"]
    assert (found["object-src"], found["frame-ancestors"]) == (["'none'"], ["'none'"])
    assert (found["base-uri"], found["form-action"]) == (["'self'"], ["'self'"])
    for name in ("script-src", "style-src", "connect-src"):
        assert found.get(name, ["'self'"]) == ["'self'"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def has_nothing_inline(page: Page) -> None:
    assert page.all("title") or page.all("h2"), "this is no page"
    for element in page.walk():
        names = element.attributes
        assert element.tag != "style"
        assert "style" not in names, element.text
        assert not [name for name in names if name.startswith(("on", "hx-on"))], names
        assert element.tag != "script" or names.get("src", "").startswith(("/static/", "/admin/jsi18n/")), names
        for name in ("href", "src", "action", "hx-get", "hx-post"):
            assert names.get(name, "/").partition(":")[0] not in ("javascript", "data", "http", "https"), names
            assert not names.get(name, "/").startswith("//"), names


@pytest.mark.parametrize("name", OPEN)
def test_pages_for_everybody(name: str, anonymous: Visitor) -> None:
    page = anonymous.see(name)
    is_locked_down(page.response)
    has_nothing_inline(page)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_pages_for_those_who_are_signed_in(name: str, full: Visitor) -> None:
    page = full.see(name)
    assert page.status == (404 if "nobody" in name else 200)
    is_locked_down(page.response)
    has_nothing_inline(page)
    assert {"no-store", "private"} <= set(page.response["Cache-Control"].split(", "))


DIALOGS = [name for name in SIGNED_IN if "add" in name or name.endswith(("update/", "delete/", "activate/", "create", "create_own"))]


@pytest.mark.parametrize("name", DIALOGS)
def test_dialogs(name: str, full: Visitor) -> None:
    full.htmx = "pane"
    for page in (full.see(name), Page(full.send(name))):
        if page.status == 204:
            continue
        is_locked_down(page.response)
        has_nothing_inline(page)
        assert "no-store" in page.response["Cache-Control"]


def test_the_token_window(full: Visitor) -> None:
    for htmx in ("", "pane"):
        full.htmx = htmx
        page = Page(full.send("tokens:create_own", name=f"deploy {htmx}"))
        assert page.one(id="token-secret")
        is_locked_down(page.response)
        has_nothing_inline(page)


def boom(request: HttpRequest) -> None:
    raise RuntimeError("secret words")


class BrokenUrls:
    """The portal's URLs and one that breaks."""

    urlpatterns = [*urls.urlpatterns, path("boom/", boom)]


BAD: dict[str, tuple[Callable[[Visitor], Any], int]] = {
    "400": (lambda visitor: visitor.send("account_change_password", **{f"field{n}": "x" for n in range(1_001)}), 400),
    "413": (lambda visitor: visitor.send("account_change_password", oldpassword="x" * 3_000_000), 413),
    "403": (lambda visitor: visitor.get(reverse("users:list")), 403),
    "404": (lambda visitor: visitor.get("/no/such/page/"), 404),
    "500": (lambda visitor: visitor.get("/boom/"), 500),
}


@pytest.mark.parametrize("kind", BAD)
def test_error_pages_are_ours_and_as_locked_down(kind: str, person: User, settings: Any) -> None:
    settings.ROOT_URLCONF = BrokenUrls
    visitor = Visitor(person, raise_request_exception=False)
    ask, status = BAD[kind]
    page = Page(ask(visitor))
    assert page.status == status
    is_locked_down(page.response)
    has_nothing_inline(page)
    assert len(page.all("h1")) == 1
    assert "secret words" not in page.source
    assert "no-store" in page.response["Cache-Control"]


def test_the_page_for_an_expired_form(administrator: User) -> None:
    page = Page(Visitor(administrator, enforce_csrf_checks=True).post(reverse("tokens:create_own"), {"name": "x"}))
    assert page.status == 403
    is_locked_down(page.response)
    has_nothing_inline(page)


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(person: User) -> None:
    visitor = Visitor()
    visitor.send("account_login", login=person.username, password=PASSWORD)
    visitor.see("profile")
    assert set(visitor.cookies) == {"portal_session", "portal_csrf", "portal_device"}
    for morsel in visitor.cookies.values():
        assert morsel["httponly"]
        assert morsel["samesite"] == "Lax"


def test_another_host_is_refused(anonymous: Visitor) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "testserver:80@evil.example"):
        assert anonymous.get(address("account_login"), headers={"Host": host}).status_code == 400
