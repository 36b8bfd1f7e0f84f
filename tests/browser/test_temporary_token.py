"""The temporary token of a session: masked, fetched by the eye or a copy button, and never part of a page."""

from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.steps import accepted, clipboard, navigate, open_user_menu
from tests.browser.watching import Visit, Watch
from tests.factories import UserFactory
from tokens.models import Token


def own(user: User) -> Token:
    return Token.objects.get(user=user, kind=Token.Kind.TEMPORARY)


def test_the_eye_shows_the_token_and_hides_it_again(portal: Page, administrator: User) -> None:
    masked = f"**********{own(administrator).last_four}"
    eye = portal.get_by_role("button", name="Show the temporary API token")
    text = portal.locator("[data-token-text]")
    expect(text).to_have_text(masked)
    assert "tpt_" not in portal.content()
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "true")
    assert accepted(text.inner_text()) == own(administrator)
    eye.click()
    expect(text).to_have_text(masked)
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "true")
    portal.reload()
    expect(text).to_have_text(masked)


def test_copying_does_not_show_the_token(portal: Page, administrator: User) -> None:
    portal.get_by_role("button", name="Copy the temporary API token").click()
    expect(portal.get_by_role("status").filter(has_text="API token copied.")).to_be_visible()
    assert accepted(clipboard(portal)) == own(administrator)
    assert "tpt_" not in portal.content()


def test_the_user_menu_copies_the_token_on_every_page_and_for_everybody(visit: Visit, transactional_db: None) -> None:
    user = UserFactory(display_name="Clara")
    page = visit(user, "/accounts/password/")
    menu = open_user_menu(page)
    expect(menu).to_contain_text("Clara")
    menu.get_by_role("button", name="Copy API Token").click()
    expect(page.get_by_role("status").filter(has_text="API token copied.")).to_be_visible()
    assert accepted(clipboard(page)) == own(user)
    assert "tpt_" not in page.content()


def test_logout_ends_the_token_and_back_shows_nothing(portal: Page, administrator: User) -> None:
    portal.get_by_role("button", name="Copy the temporary API token").click()
    expect(portal.get_by_text("API token copied.")).to_be_visible()
    text = clipboard(portal)
    navigate(portal, "AI Admin", "Access Control")
    open_user_menu(portal).get_by_role("button", name="Logout").click()
    expect(portal.get_by_role("heading", name="Sign in")).to_be_visible()
    portal.go_back()
    expect(portal.get_by_role("heading", name="Sign in")).to_be_visible()
    assert own(administrator).revoked_at is not None
    assert text.startswith("tpt_")


def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_instead_of_an_error(portal: Page, watch: Watch, administrator: User) -> None:
    watch.allow(401)
    portal.context.clear_cookies()
    portal.get_by_role("link", name="Create Token").click()
    expect(portal.get_by_role("heading", name="Sign in")).to_be_visible()
