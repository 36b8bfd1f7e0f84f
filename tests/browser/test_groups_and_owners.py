"""Groups, owners of service accounts, and the dialogs that hand these over, as an administrator uses them."""

import os
import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.directory.models import Group, Ownership
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Visit, Watch
from tests.factories import GroupFactory, OwnershipFactory, ServiceFactory, TokenFactory, UserFactory

pytestmark = pytest.mark.field
OPENED = "dialog[open]"
FIELDS = f"{OPENED} .dialog-body"


def look(page: Page, name: str, found: list[str]) -> None:
    """Audits what is shown, in both themes and on a phone. PICTURES: a folder for pictures of it."""
    opened = page.locator(OPENED).count()
    found += audit(page, name, OPENED if opened else "html") + too_wide(page, name)
    if not os.environ.get("PICTURES"):
        return
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_timeout(150)
            page.screenshot(path=Path(os.environ["PICTURES"]) / f"{name}-{width}-{scheme}.png", full_page=not opened)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 800})


def choose(page: Page, label: str, part: str, whole: str) -> None:
    """Types a part of a name, waits until it is suggested, and types the rest."""
    box = page.locator(FIELDS).get_by_label(label)
    box.fill(part)
    expect(page.locator(f'datalist option[value="{whole}"]')).to_be_attached()
    box.fill(whole)


def test_a_group_gets_members_and_owns_a_service_account(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    UserFactory(username="carla.olsen@example.com", display_name="Carla Olsen")
    robot, found = ServiceFactory(username="ci-runner"), []
    page = visit(administrator, reverse("users:list"))
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Groups").press("Enter")
    expect(page.get_by_text("No groups yet.")).to_be_visible()
    look(page, "no-groups", found)
    page.get_by_role("link", name="Add", exact=True).first.press("Enter")
    page.locator(FIELDS).get_by_label("Name").fill("Platform")
    page.locator(FIELDS).get_by_label("Description").fill("They run the clusters.")
    look(page, "create-group", found)
    page.locator(FIELDS).get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    page.get_by_role("link", name="Add member").first.press("Enter")
    choose(page, "Person", "olsen", "carla.olsen@example.com")
    look(page, "add-member", found)
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.get_by_role("cell", name="carla.olsen@example.com Carla")).to_be_visible()
    page.goto(reverse("directory:owners", args=[robot.username]))
    look(page, "no-owners", found)
    page.get_by_role("link", name="Add owner").press("Enter")
    page.locator(FIELDS).get_by_label("Owner").fill("nobody")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("There is no user named nobody.")).to_be_visible()
    choose(page, "Owner", "plat", "group: Platform")
    look(page, "add-owner", found)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("link", name="Platform", exact=True)).to_be_visible()
    look(page, "owners", found)
    assert Ownership.objects.get().owner == Group.objects.get()
    page.goto(reverse("directory:group", args=[Group.objects.get().pk]))
    expect(page.get_by_role("link", name="ci-runner", exact=True)).to_be_visible()
    look(page, "group", found)
    page.get_by_role("link", name="Remove carla.olsen@example.com").click()
    expect(page.get_by_text("1 service account will have no active owner.")).to_be_visible()
    look(page, "remove-member", found)
    page.keyboard.press("Escape")
    page.goto(reverse("directory:groups"))
    GroupFactory(name="G" * 60, description="d" * 300, source="claim")
    page.reload()
    look(page, "groups", found)
    page.goto(reverse("directory:of_user", args=["carla.olsen@example.com"]))
    look(page, "groups-of-user", found)
    assert not found, "\n".join(found)


def test_the_dialogs_that_end_access_hand_over(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    leaving = UserFactory(username="leaving@example.com", display_name="Lena Vogt")
    UserFactory(username="new@example.com", display_name="Nils Engel")
    accounts = [OwnershipFactory(user=leaving).service_account for _ in range(12)]
    for number in range(12):
        TokenFactory(user=leaving, name=f"deploy-{number:02}")
    found: list[str] = []
    page = visit(administrator, reverse("tokens:user_tokens", args=[leaving.username]))
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_text("12 active API tokens")).to_be_visible()
    look(page, "delete", found)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Deactivate", exact=True).click()
    expect(page.get_by_text("12 service accounts will have no active owner.")).to_be_visible()
    choose(page, "New owner", "engel", "new@example.com")
    look(page, "deactivate", found)
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("status").filter(has_text="Deactivated leaving@example.com.")).to_be_visible()
    assert Ownership.objects.filter(user__username="new@example.com", service_account__in=accounts).count() == 12
    assert not found, "\n".join(found)


def test_a_user_is_renamed_in_a_window(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    found: list[str] = []
    user = UserFactory(username="anna.smith@example.com", display_name="Anna Smith")
    page = visit(administrator, reverse("tokens:user_tokens", args=[user.username]))
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Change username or email").click()
    page.locator(FIELDS).get_by_label("Username").fill("anna@")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("anna@ is not a valid email address.")).to_be_visible()
    look(page, "rename", found)
    page.locator(FIELDS).get_by_label("Username").fill("anna.jones@example.com")
    page.locator(FIELDS).get_by_label("Email").fill("anna.jones@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved anna.jones@example.com.")).to_be_visible()
    page.goto(reverse("users:detail", args=["anna.smith@example.com"]))
    expect(page).to_have_url(re.compile("anna.jones@example.com/tokens"))
    assert not found, "\n".join(found)
