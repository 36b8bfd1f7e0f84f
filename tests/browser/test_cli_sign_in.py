"""The sign-in of a command-line tool, in a real browser, which holds the page's form-action against the redirect."""

from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.users.models import User
from tests import cli
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Visit
from tests.cli import CliClient
from tests.factories import PASSWORD
from tokens.models import Token
from tokens.verification.verify import Rejected, verify


def test_the_user_confirms_and_the_program_gets_the_token(visit: Visit, administrator: User, live_server: LiveServer) -> None:
    with CliClient(live_server.url) as client:
        page = visit(administrator, client.shown)
        expect(page.get_by_role("heading", name="Sign in a program")).to_be_visible()
        expect(page.locator("main")).to_contain_text("example Unverified name")
        found = audit(page, "cli sign-in") + too_wide(page, "cli sign-in")
        assert not found, "\n".join(found)
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("You can close this window")).to_be_visible()
        assert "tpt_" not in page.content() + page.url
        status, text = client.result
    assert status == 0
    token = verify(text, timezone.now())
    assert not isinstance(token, Rejected)
    assert token.id == Token.objects.get(user=administrator).pk


def test_who_is_not_signed_in_does_so_on_the_way_and_may_still_cancel(page: Page, administrator: User, live_server: LiveServer) -> None:
    with CliClient(live_server.url) as client:
        page.goto(client.shown)
        page.get_by_label("Username or email").fill(administrator.username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text(administrator.username)).to_be_visible()
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_text("You can close this window")).to_be_visible()
        assert client.result == (1, "Not signed in: access_denied")


def test_a_wrong_question_leaves_the_user_on_a_sound_page(visit: Visit, administrator: User, watch: object) -> None:
    watch.allow(400)
    page = visit(administrator, cli.page(port="80"))
    expect(page.get_by_role("heading", name="Sign-in request rejected")).to_be_visible()
    expect(page.get_by_text("port must be a number from 1024 to 65535.")).to_be_visible()
    found = audit(page, "cli refused") + too_wide(page, "cli refused")
    assert not found, "\n".join(found)
