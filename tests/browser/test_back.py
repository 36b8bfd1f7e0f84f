"""After Back a list shows what is true now: what a browser restores by itself ticks and filters nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from portal.faults.models import Fault
from portal.users.models import User
from tests.browser.steps import navigate
from tests.browser.watching import Visit
from tests.factories import FaultFactory, OperatorFactory, TokenFactory

# Controls whose state a browser would keep: neither they nor their form say that it must not.
KEPT = """
() => [...document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea)")]
  .filter((each) => each.autocomplete !== "off" && each.form?.autocomplete !== "off")
  .map((each) => each.outerHTML.slice(0, 120))
"""


@pytest.fixture
def listed(portal: Page, administrator: User) -> Page:
    """Access Control with three tokens, the newest first."""
    now = timezone.now()
    for age, name in enumerate(("newest", "middle", "oldest"), start=1):
        TokenFactory(user=administrator, name=name, created_at=now - timedelta(days=age))
    navigate(portal, "AI Admin", "Access Control")
    return portal


def ticked(page: Page) -> Locator:
    return page.locator("[data-select-row]:checked")


def test_after_back_no_box_is_ticked_and_the_count_agrees(listed: Page, administrator: User) -> None:
    listed.get_by_label("Select newest").check()
    listed.get_by_label("Select middle").check()
    listed.get_by_role("link", name=administrator.username).first.click()
    expect(listed.locator("#user-header")).to_be_visible()
    TokenFactory(user=administrator, name="made meanwhile", created_at=timezone.now())
    listed.go_back()
    expect(listed.get_by_label("Select made meanwhile")).to_be_visible()
    listed.wait_for_load_state()
    expect(ticked(listed)).to_have_count(0)
    expect(listed.locator("[data-selected-count]")).to_have_text("0")
    expect(listed.locator("[data-select-all]")).not_to_be_checked()
    expect(listed.get_by_role("button", name="Revoke selected")).to_be_disabled()


def test_after_back_the_filters_say_what_the_list_shows(listed: Page) -> None:
    listed.get_by_label("Status").select_option("revoked")
    expect(listed.get_by_text("Nothing matches these filters.")).to_be_visible()
    listed.get_by_label("Show").select_option("100")
    listed.wait_for_url("**per_page=100**")
    navigate(listed, "Administrator", "Users")
    expect(listed.get_by_role("heading", level=1)).to_have_text("Users")
    for shown, size in (("revoked", "100"), ("revoked", "25"), ("", "25")):
        listed.go_back()
        listed.wait_for_load_state()
        expect(listed.locator("[data-select-row]")).to_have_count(0 if shown else 3)
        expect(listed.get_by_label("Status")).to_have_value(shown)
        expect(listed.get_by_label("Show")).to_have_value(size)


@pytest.mark.field
def test_after_back_in_the_django_admin_no_box_is_ticked(visit: Visit, transactional_db: None) -> None:
    now = timezone.now()
    for age, name in enumerate(("newest", "middle", "oldest"), start=1):
        FaultFactory(resource=name, raised_at=now - timedelta(days=age))
    page = visit(OperatorFactory(), reverse("admin:faults_fault_changelist"))
    boxes = page.locator("input.action-select")
    for box in boxes.all()[:2]:
        box.check()
    page.get_by_role("link", name=Fault.objects.first().name).first.click()
    page.wait_for_load_state()
    FaultFactory(resource="meanwhile", raised_at=now)
    page.go_back()
    expect(boxes).to_have_count(4)
    page.wait_for_load_state()
    expect(page.locator("input.action-select:checked")).to_have_count(0)
    expect(page.locator(".action-counter")).to_have_text("0 of 4 selected")


@pytest.mark.field
def test_no_control_of_a_page_keeps_its_state(visit: Visit, administrator: User, furnished: User) -> None:
    page = visit(administrator)
    found = []
    for path in [
        reverse("home"),
        reverse("profile"),
        reverse("users:list"),
        reverse("users:create"),
        reverse("users:update", args=[furnished.username]),
        reverse("users:delete", args=[furnished.username]),
        reverse("tokens:user_tokens", args=[furnished.username]),
        reverse("tokens:create_own"),
        reverse("tokens:all"),
        reverse("settings:config"),
        reverse("settings:add"),
        reverse("faults:list"),
    ]:
        page.goto(path)
        found += [f"{path}: {control}" for control in page.evaluate(KEPT)]
    assert not found, "\n".join(found)
