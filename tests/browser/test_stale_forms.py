"""Somebody else changes a user while the form is open: the pane shows both values and the person decides."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.users import services
from portal.users.models import User
from tests.browser.accessibility import audit
from tests.browser.steps import dialog
from tests.browser.watching import Visit, Watch
from tests.factories import AdministratorFactory

pytestmark = pytest.mark.field


def test_a_demotion_meanwhile_is_shown_and_not_undone(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(409)
    carol = AdministratorFactory(username="carol@example.com", display_name="Carol")
    page = visit(administrator, reverse("tokens:user_tokens", args=[carol.username]))
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Update").click()
    pane = dialog(page, f"Update {carol.username}")
    pane.get_by_label("Display name").fill("Caroline")
    services.update(carol, None, "user", None)
    pane.get_by_role("button", name="Submit").click()
    alert = pane.get_by_role("alert")
    expect(alert).to_contain_text("has been changed since you opened this form")
    expect(alert.get_by_role("row").last).to_have_text(re.compile(r"Role\s+User\s+Administrator"))
    expect(pane.get_by_label("Display name")).to_have_value("Caroline")
    expect(pane.get_by_label("Role")).to_have_value("user")
    assert audit(page, "the conflict", "dialog[open]") == []
    pane.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Caroline")).to_be_visible()
    carol.refresh_from_db()
    assert (carol.display_name, carol.role) == ("Caroline", "user")


def test_a_deletion_of_somebody_who_was_promoted_meanwhile_is_asked_again(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(409)
    carol = AdministratorFactory(username="carol@example.com", role="user")
    page = visit(administrator, reverse("tokens:user_tokens", args=[carol.username]))
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    window = dialog(page, f"Delete {carol.username}")
    window.get_by_role("textbox").fill(carol.username)
    services.update(carol, None, "administrator", None)
    window.get_by_role("button", name="Delete").click()
    expect(window.get_by_role("alert")).to_contain_text("(now Administrator, active). Nothing has been saved yet.")
    expect(window.get_by_role("textbox")).to_have_value(carol.username)
    window.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(rf"{reverse('users:list')}$"))
    carol.refresh_from_db()
    assert carol.deleted_at
