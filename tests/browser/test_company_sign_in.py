"""Sign-in by the company in a real browser, from the button to the Profile and back: a provider runs on loopback."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings

import settings_app.services as config
from portal.sso import discovery
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Watch
from tests.factories import UserFactory
from tests.sso.conftest import known, nothing_kept, one_provider, provider
from tests.sso.provider import Provider

__all__ = ["nothing_kept", "one_provider", "provider"]
pytestmark = pytest.mark.field
CONTINUE = "Continue with Acme"


def sound(page: Page, what: str) -> None:
    found = audit(page, what) + too_wide(page, what)
    assert not found, "\n".join(found)


@pytest.mark.usefixtures("transactional_db")
def test_an_invited_person_signs_in_by_keyboard_and_connects_again(
    page: Page, provider: Provider, watch: Watch, settings: Settings
) -> None:
    settings.SIGN_IN_PROVIDERS["long"] = known(provider, id="long", name="The Example Holding Company of Springfield"[:40])
    user = UserFactory(username="ann@example.com")
    User.objects.filter(pk=user.pk).update(password="!")
    page.goto(reverse("profile"))
    sound(page, "sign-in page")
    page.get_by_role("button", name=CONTINUE).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Profile", exact=True)).to_be_visible()
    card = page.get_by_role("region", name="Sign-in methods")
    expect(card).to_contain_text("ann@example.com")
    sound(page, "Profile")
    for link in card.get_by_role("link").all():
        box = link.bounding_box()
        assert box
        assert box["height"] < 30, "a long name beside it breaks the link into lines"
    card.get_by_role("link", name="Disconnect Acme").click()
    expect(page.get_by_role("heading", name="Disconnect Acme")).to_be_visible()
    sound(page, "disconnect")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("This is your only way to sign in.")).to_be_visible()
    page.goto(reverse("account_sign_in_again"))
    sound(page, "sign in again")
    page.get_by_role("button", name=CONTINUE).click()
    expect(page.get_by_role("heading", name="You're signed in")).to_be_visible()
    page.goto(reverse("account_reauthenticate", query={"next": reverse("profile")}))
    sound(page, "confirm")
    page.get_by_role("button", name=CONTINUE).click()
    expect(page.get_by_role("heading", name="Profile", exact=True)).to_be_visible()


@pytest.mark.usefixtures("transactional_db")
def test_each_rejection_has_a_page(page: Page, provider: Provider, watch: Watch) -> None:
    watch.allow(400, 403, 503)
    page.goto(reverse("account_login"))
    page.get_by_role("button", name=CONTINUE).click()
    expect(page.get_by_role("heading", name="You can't sign in with Acme")).to_be_visible()
    sound(page, "not invited")
    page.get_by_role("link", name="Back to sign in").click()
    provider.change = lambda claims: claims | {"nonce": "of another sign-in"}
    page.get_by_role("button", name=CONTINUE).click()
    expect(page.get_by_role("heading", name="Sign-in didn't complete")).to_be_visible()
    sound(page, "invalid")
    page.get_by_role("link", name="Back to sign in").click()
    discovery.forget()
    provider.broken["/.well-known/openid-configuration"] = lambda handler: handler.connection.close()
    page.get_by_role("button", name=CONTINUE).click()
    expect(page.get_by_role("heading", name="Acme isn't responding")).to_be_visible()
    sound(page, "unavailable")


def test_without_local_passwords_the_company_is_first(page: Page, provider: Provider, administrator: User) -> None:
    config.add("emergency_administrator", administrator.username, None)
    config.add("local_passwords", "false", None)
    page.goto(reverse("profile"))
    expect(page.get_by_role("button", name=CONTINUE)).to_be_visible()
    expect(page.get_by_label("Password")).not_to_be_visible()
    sound(page, "sign-in page without passwords")
    page.get_by_role("link", name="Emergency sign-in").click()
    page.get_by_label("Username or email").fill(administrator.username)
    sound(page, "emergency sign-in")
    page.get_by_label("Password").fill("correct-horse-battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Profile", exact=True)).to_be_visible()
