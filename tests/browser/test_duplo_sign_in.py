"""The consent page of DuploCloud's clients, in a real browser. tests/api/duplo/test_duploctl.py goes through the whole login."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

import settings_app.services as config
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Visit
from tests.factories import OperatorFactory

pytestmark = pytest.mark.field
LONG = "w" * 100


def sound(page: Page, what: str) -> None:
    found = audit(page, what) + too_wide(page, what)
    assert not found, "\n".join(found)


def test_the_pages_of_the_login_are_accessible_and_fit_a_phone(visit: Visit, administrator: User, watch: object) -> None:
    config.add("duplo_clients", "true", None)
    query = {"localAppName": LONG, "localPort": "51004", "isAdmin": "true", "redirect": "true"}
    page = visit(OperatorFactory(username="olga@example.com"), reverse("duplo:verify_token", query=query))
    expect(page.get_by_role("heading", name="Sign in a program")).to_be_visible()
    expect(page.locator("main")).to_contain_text("It requested administrator access, which your role doesn't include.")
    sound(page, "consent")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Sign in a program")).not_to_be_visible()
    page.goto(reverse("duplo:verify_token", query=query | {"success": "true"}))
    expect(page.get_by_text("You can close this window.")).to_be_visible()
    sound(page, "success")
    watch.allow(400)
    page.goto(reverse("duplo:verify_token", query=query | {"localPort": "80"}))
    expect(page.get_by_text("localPort must be a number from 1024 to 65535.")).to_be_visible()
    sound(page, "rejected")
