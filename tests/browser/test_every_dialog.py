"""Every pane, window and menu: axe-core in light and dark, and a phone's width."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.users import services as users
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.sample_data import LONG
from tests.browser.watching import Visit, Watch
from tests.second_factor.steps import give_app, give_passkey

pytestmark = pytest.mark.field


def open_by(*labels: str) -> Callable[[Page], None]:
    """Clicks one after the other what has these names."""

    def act(page: Page) -> None:
        for label in labels:
            named = page.get_by_role("link", name=label, exact=True).or_(page.get_by_role("button", name=label, exact=True))
            named.first.click()

    return act


def revoke_selected(page: Page) -> None:
    for box in page.locator("[data-select-row]:enabled").all()[:3]:
        box.check()
    page.get_by_role("button", name="Revoke selected").click()


OPENED = "dialog[open] .dialog-body"
MENU = ".dropdown-menu.show"


def audit_opened(page: Page, steps: list[tuple[str, Callable[[Page], None], str]]) -> list[str]:
    """For each: opens the path, acts, and audits what then shows itself: the part that the selector begins with."""
    found = []
    for path, act, selector in steps:
        page.goto(path)
        act(page)
        expect(page.locator(selector).first).to_be_visible()
        what = f"{path}, {selector}"
        found += audit(page, what, selector.split()[0]) + too_wide(page, what)
    return found


def test_every_pane_and_window_is_sound(visit: Visit, administrator: User, furnished: User, watch: Watch) -> None:
    watch.allow(422)
    theirs = reverse("tokens:user_tokens", args=[furnished.username])
    invited = reverse("tokens:user_tokens", args=[users.create(f"{'i' * 60}@example.com", "", User.Role.USER, None).username])
    give_passkey(administrator)
    give_app(furnished)
    steps = [
        (reverse("profile"), open_by("Add"), OPENED),
        (reverse("mfa_index"), open_by("Rename the passkey Laptop"), OPENED),
        (reverse("mfa_index"), open_by("Remove the passkey Laptop"), OPENED),
        (theirs, open_by("Actions", "Reset two-factor authentication"), OPENED),
        (reverse("profile"), open_by("Create Token", "Create"), f"{OPENED} .invalid-feedback"),
        (reverse("users:list"), open_by("Add"), OPENED),
        (theirs, open_by("Actions", "Update"), OPENED),
        (theirs, open_by("Actions", "Deactivate"), OPENED),
        (theirs, open_by("Actions", "Delete"), OPENED),
        (invited, open_by("Actions", "Resend invitation"), OPENED),
        (invited, open_by("Actions", "Copy invitation link", "Create link"), "dialog[open] #invitation-link"),
        (reverse("tokens:all") + "?status=active", revoke_selected, OPENED),
        (reverse("tokens:all") + f"?q={LONG[:40]}", open_by(f"Actions for {LONG}", "Revoke"), OPENED),
        (reverse("settings:config"), open_by("Add"), OPENED),
    ]
    found = audit_opened(visit(administrator), steps)
    assert not found, "\n".join(found)


def test_every_menu_and_a_faults_details_are_sound(visit: Visit, administrator: User, furnished: User) -> None:
    steps = [
        (reverse("profile"), open_by("User menu"), MENU),
        (reverse("profile"), open_by("Theme"), MENU),
        (reverse("tokens:user_tokens", args=[furnished.username]), open_by("Actions"), MENU),
        (reverse("settings:config"), open_by("Actions for Users may create their own API tokens"), MENU),
        (reverse("faults:list"), lambda page: page.get_by_label("Details of").first.click(), ".fault-body"),
    ]
    found = audit_opened(visit(administrator), steps)
    assert not found, "\n".join(found)


def test_the_window_with_the_new_token_is_sound(portal: Page) -> None:
    portal.get_by_role("link", name="Add", exact=True).click()
    portal.get_by_label("Token Name").fill("deploy")
    portal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
    found = audit(portal, "token window") + too_wide(portal, "token window")
    assert not found, "\n".join(found)
