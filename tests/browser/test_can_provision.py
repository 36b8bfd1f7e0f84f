"""The permission to provision users, as an administrator gives it."""

import re

import pytest
from playwright.sync_api import expect

from portal.users.models import User
from tests.browser.accessibility import PHONE, WIDE, audit, too_wide
from tests.browser.watching import Visit
from tests.factories import ServiceFactory, UserFactory

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


def test_administrator_lets_a_service_account_provision_users(visit: Visit, administrator: User) -> None:
    service, person = ServiceFactory(username="directory"), UserFactory()
    page = visit(administrator, f"/administrator/users/{person.username}/tokens/")
    page.get_by_role("button", name="Actions").first.click()
    page.get_by_role("link", name="Update", exact=True).click()
    expect(page.get_by_label("Can introspect tokens")).to_be_visible()
    expect(page.get_by_label("Can provision users (SCIM)")).to_have_count(0)  # people can't

    page.goto(f"/administrator/users/{service.username}/tokens/")
    page.get_by_role("button", name="Actions").first.click()
    page.get_by_role("link", name="Update", exact=True).click()
    box = page.get_by_label("Can provision users (SCIM)")
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        expect(box).to_be_visible()
        assert too_wide(page, f"Update User at {size['width']}") == []
    assert audit(page, "Update User") == []
    page.set_viewport_size(WIDE)
    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#user-header")).to_contain_text(re.compile("Can provision users"))
    assert User.objects.get(pk=service.pk).may_provision
