"""Two-factor authentication in a browser: passkeys with Chromium's virtual authenticator, an authenticator app, recovery codes, and what
Config requires."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import CDPSession, Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

import settings_app.services as config
from portal.env.providers import OidcProvider
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog
from tests.browser.watching import Visit, Watch
from tests.factories import PASSWORD
from tests.second_factor.steps import SECRET, code, factor_types, give_app

pytestmark = pytest.mark.field
PLATFORM = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def by_name(settings: Settings, live_server: LiveServer) -> None:
    """Passkeys belong to a name."""
    settings.PORTAL_URL, settings.PORTAL_HOST = live_server.url, "localhost"


@pytest.fixture
def authenticator(page: Page) -> Iterator[CDPSession]:
    """A device with a fingerprint reader that always agrees."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": PLATFORM})
    yield session
    session.detach()


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="Your second step")


def enter_password(page: Page, user: User) -> None:
    page.goto(reverse("account_login"))
    page.get_by_label("Username or email").fill(user.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Two-factor authentication", level=1)).to_be_visible()


def sign_out(page: Page) -> None:
    page.goto(reverse("account_logout"))
    page.get_by_role("main").get_by_role("button", name="Logout").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def add_passkey(page: Page, name: str) -> None:
    card(page).get_by_role("link", name="Add a passkey").click()
    pane = dialog(page, "Add a passkey")
    pane.get_by_label("Name").fill(name)
    page.keyboard.press("Enter")


def test_a_passkey_is_added_and_signs_in_alone(visit: Visit, administrator: User, authenticator: CDPSession, settings: Settings) -> None:
    page = visit(administrator, reverse("mfa_index"))
    found = []
    expect(card(page)).to_contain_text("Off")
    add_passkey(page, "Work laptop")
    codes = dialog(page, "Your recovery codes")
    found += audit(page, "recovery codes", "#window") + too_wide(page, "recovery codes")
    with page.expect_download() as download:
        codes.get_by_role("button", name="Download").click()
    assert len(download.value.path().read_text().split()) == 10
    codes.get_by_role("link", name="Close").click()
    expect(card(page)).to_contain_text("Work laptop")
    expect(card(page)).to_contain_text("10 of 10 left")
    found += audit(page, "card") + too_wide(page, "card")

    settings.SIGN_IN_PROVIDERS = {"acme": OidcProvider(id="acme", name="Acme", issuer="https://idp.example.com")}
    sign_out(page)
    page.goto(f"{reverse('account_login')}?next={reverse('mfa_index')}")
    expect(page.locator(".or:visible")).to_have_count(1)  # one line above the passkey and the company
    found += audit(page, "sign in") + too_wide(page, "sign in")
    page.get_by_role("button", name="Sign in with a passkey").press("Enter")
    expect(page).to_have_url(f"{page.url.split('/accounts')[0]}{reverse('mfa_index')}")
    expect(card(page)).to_contain_text("last used")

    sign_out(page)
    enter_password(page, administrator)
    found += audit(page, "second step") + too_wide(page, "second step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert not found, "\n".join(found)


def test_a_passkey_that_is_not_there_is_explained(visit: Visit, administrator: User, authenticator: CDPSession) -> None:
    page = visit(administrator, reverse("mfa_index"))
    authenticator.send("WebAuthn.disable")
    page.evaluate("() => { navigator.credentials.create = async () => { throw new DOMException('no', 'NotAllowedError'); }; }")
    add_passkey(page, "Nothing")
    expect(dialog(page, "Add a passkey").get_by_role("alert")).to_have_text("No passkey was created.")
    assert factor_types(administrator) == []


def test_an_app_is_set_up_and_asked_for_by_keyboard_alone(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    page = visit(administrator, reverse("mfa_index"))
    card(page).get_by_role("link", name="Set up an authenticator app").press("Enter")
    pane = dialog(page, "Set up an authenticator app")
    found = audit(page, "app", "#pane") + too_wide(page, "app")
    secret = pane.locator("#totp-secret").inner_text().replace(" ", "")
    expect(pane.get_by_label("Code")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(pane.get_by_text("This code is wrong")).to_be_visible()
    assert pane.locator("#totp-secret").inner_text().replace(" ", "") == secret
    pane.get_by_label("Code").fill(code(secret=secret))
    page.keyboard.press("Enter")
    codes = dialog(page, "Your recovery codes")
    recovery = codes.locator("#recovery-codes").inner_text().split()[0]
    page.keyboard.press("Enter")  # Copy has the focus
    expect(codes.get_by_role("button", name="Copied")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card(page)).to_contain_text("On")

    for typed in (recovery, code(ahead=1, secret=secret)):
        sign_out(page)
        enter_password(page, administrator)
        field = page.get_by_label("Code from your authenticator app")
        expect(field).to_be_focused()
        page.keyboard.type("111111")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("This code is wrong, already used or expired.")
        expect(field).to_be_focused()
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert not found, "\n".join(found)


def test_who_must_have_a_factor_is_led_to_it_and_then_goes_on(visit: Visit, administrator: User) -> None:
    config.add("require_second_factor", "administrators", None)
    page = visit(administrator, reverse("users:list"))
    expect(page.get_by_role("status").filter(has_text="Set up two-factor authentication")).to_be_visible()
    found = audit(page, "banner") + too_wide(page, "banner")
    config.add("second_factor_grace_days", "0", None)
    page.goto(reverse("users:list"))
    expect(page.get_by_text("Your organization requires a second step")).to_be_visible()
    found += audit(page, "required") + too_wide(page, "required")
    page.get_by_role("link", name="Set up an authenticator app").click()
    pane = dialog(page, "Set up an authenticator app")
    secret = pane.locator("#totp-secret").inner_text().replace(" ", "")
    pane.get_by_label("Code").fill(code(secret=secret))
    page.keyboard.press("Enter")
    dialog(page, "Your recovery codes").get_by_role("link", name="Close").click()
    page.get_by_role("link", name="Continue to the portal").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert not found, "\n".join(found)


def test_confirming_in_a_dialog_leads_on_to_what_was_wanted(visit: Visit, administrator: User) -> None:
    give_app(administrator)
    page = visit(administrator, reverse("mfa_index"))
    age_sign_in(administrator)
    card(page).get_by_role("link", name="Get new codes").click()
    asked = dialog(page, "Confirm it's you")
    found = audit(page, "confirm", "#window") + too_wide(page, "confirm")
    asked.get_by_label("Code").fill(code(secret=SECRET))
    page.keyboard.press("Enter")
    dialog(page, "Get new recovery codes").get_by_role("button", name="Create codes").click()
    dialog(page, "Your recovery codes").get_by_role("link", name="Close").click()
    assert not found, "\n".join(found)


def age_sign_in(user: User) -> None:
    """The user's sessions were confirmed long ago."""
    from django.contrib.sessions.models import Session

    from portal.users.session_store import SessionStore

    for row in Session.objects.all():
        row.session_data = SessionStore().encode(row.get_decoded() | {"confirmed_at": 0})
        row.save()
