"""In WebKit and Firefox: every menu and the navigation's drawer show all of their entries, on a wide screen and on a phone."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.engines.driving import SIZES, Portal

pytestmark = pytest.mark.field
TOGGLES = """
return [...document.querySelectorAll("[data-bs-toggle=dropdown]")].filter((each) => each.checkVisibility())
  .map((each) => each.ariaLabel || each.textContent.trim());
"""
TOGGLE = """
const toggles = [...document.querySelectorAll("[data-bs-toggle=dropdown]")];
const toggle = toggles.find((each) => (each.ariaLabel || each.textContent.trim()) === arguments[0]);
toggle.scrollIntoView({ block: "center" });
toggle.click();
"""
# The entries that cannot be clicked where they stand.
HIDDEN = """
return [...document.querySelectorAll(arguments[0])].filter((entry) => {
  const { left, top, width, height } = entry.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + height / 2);
  return !height || !seen || !entry.contains(seen);
}).map((entry) => entry.textContent.trim());
"""


def kind(label: str) -> str:
    """The rows of a list have the same menu each."""
    return label.split(" for ")[0]


@pytest.mark.parametrize("size", SIZES)
def test_every_menu_shows_all_its_entries(portal: Portal, furnished: User, administrator: User, size: str) -> None:
    portal.sign_in(administrator)
    portal.resize(size)
    found = []
    for path in [
        reverse("profile"),
        reverse("tokens:user_tokens", args=[furnished.username]),
        reverse("tokens:all"),
        reverse("settings:config"),
    ]:
        portal.open(path)
        for label in {kind(label): label for label in portal.script(TOGGLES)}.values():
            portal.script(TOGGLE, label)
            portal.find(".dropdown-menu.show")
            found += [f"{path}, {label}: {entry}" for entry in portal.script(HIDDEN, ".dropdown-menu.show :is(a, button, .disabled)")]
            portal.script(TOGGLE, label)
    assert not found, "\n".join(found)


def test_the_drawer_opens_and_closes_on_a_phone(portal: Portal, administrator: User) -> None:
    portal.resize("phone")
    portal.sign_in(administrator, reverse("users:list"))
    entries = "#navigation a"
    assert portal.script(HIDDEN, entries)
    portal.click("Menu")
    portal.wait(lambda: not portal.script(HIDDEN, entries), "the drawer's entries to show")
    assert portal.script("return document.activeElement.closest('#navigation') !== null")
    portal.script("document.querySelector('[data-nav-close]').click()")
    portal.wait(lambda: portal.script(HIDDEN, entries), "the drawer to close")
