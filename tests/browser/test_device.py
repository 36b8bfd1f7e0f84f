"""The sign-in of a program on a machine without a browser: docs/device_client.py on the one side, a real browser on the other."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Visit, Watch
from tests.cli import DeviceClient, request_device_login
from tests.factories import PASSWORD
from tokens.models import Token
from tokens.verification.verify import Rejected, verify

pytestmark = pytest.mark.field


def test_the_user_signs_in_enters_the_code_and_approves(page: Page, administrator: User, live_server: LiveServer) -> None:
    with DeviceClient(live_server.url) as client:
        page.goto("/device/")
        page.get_by_label("Username or email").fill(administrator.username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Code").fill(client.shown.lower().replace("-", ""))
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("example Unverified name")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Program approved")).to_be_visible()
        assert "tpt_" not in page.content() + page.url
        status, text = client.result
    assert status == 0
    token = verify(text, timezone.now())
    assert not isinstance(token, Rejected)
    assert token.id == Token.objects.get(user=administrator).pk


def test_the_program_ends_when_its_user_denies(visit: Visit, administrator: User, live_server: LiveServer) -> None:
    with DeviceClient(live_server.url) as client:
        page = visit(administrator, f"/device/?user_code={client.shown}")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("heading", name="Program denied")).to_be_visible()
        assert client.result == (1, "Not signed in: access_denied")


def test_each_page_is_accessible_and_fits_a_phone(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    code = request_device_login("a program with a name of a hundred characters".ljust(100, "x"))["user_code"]
    page, found = visit(administrator, "/device/"), []

    def check(what: str) -> None:
        found.extend(audit(page, what) + too_wide(page, what))

    check("code")
    page.get_by_label("Code").fill("BBBB-BBBB")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This code is unknown")).to_be_visible()
    check("wrong code")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    check("consent")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Program approved")).to_be_visible()
    check("approved")
    assert not found, "\n".join(found)
