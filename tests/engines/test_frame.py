"""In WebKit and Firefox: the top bar's buttons take Space, a dialog asks before it loses what was typed, the page behind it stays where it
is, and the palette, the shortcuts and the question fit a phone."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from portal.users.models import User
from tests.engines.driving import SIZES, Portal
from tests.factories import FaultFactory

pytestmark = pytest.mark.field
OUTSIDE = """
const box = document.querySelector(arguments[0]).getBoundingClientRect();
return [box.left < 0, box.top < 0, box.right > innerWidth, box.bottom > innerHeight, box.height < 50].includes(true);
"""
OPEN = "return document.querySelector(arguments[0]).open"


def press(portal: Portal, *keys: str) -> None:
    ActionChains(portal.driver).send_keys(*keys).perform()


def fits(portal: Portal, selector: str) -> list[str]:
    """The sizes at which what the selector finds leaves the screen."""
    bad = []
    for size in SIZES:
        portal.resize(size)
        bad += [f"{selector}, {size}"] if portal.script(OUTSIDE, selector) else []
    return bad


def test_the_top_bar_takes_space_and_the_palette_and_shortcuts_fit(portal: Portal, administrator: User) -> None:
    FaultFactory()
    portal.resize("phone")
    portal.sign_in(administrator, reverse("profile"))
    for name in ("Menu", "Theme", "Faults: 1 open", "User menu"):
        button = portal.control(name)
        portal.script("arguments[0].focus()", button)
        press(portal, Keys.SPACE)
        portal.wait(lambda button=button: button.get_attribute("aria-expanded") == "true", f"{name} to open")
        press(portal, Keys.ESCAPE)
        portal.wait(lambda button=button: button.get_attribute("aria-expanded") == "false", f"{name} to close")
    assert portal.script("return scrollY") == 0

    portal.click("Jump to")
    portal.wait(lambda: portal.script("return document.querySelector('#palette [aria-selected=true]')"), "the palette's options")
    found = fits(portal, "#palette")
    press(portal, "keyboard shortcuts", Keys.ENTER)
    portal.wait(lambda: portal.script(OPEN, "#shortcuts"), "the shortcuts")
    found += fits(portal, "#shortcuts")
    press(portal, Keys.ESCAPE)
    portal.wait(lambda: not portal.script(OPEN, "#shortcuts"), "the shortcuts to close")
    press(portal, "?")
    portal.wait(lambda: portal.script(OPEN, "#shortcuts"), "the shortcuts by their key")
    assert not found, "\n".join(found)


def test_a_changed_dialog_asks_and_the_page_behind_stays(portal: Portal, administrator: User) -> None:
    portal.sign_in(administrator, reverse("profile"))
    width = portal.script("return document.querySelector('main').getBoundingClientRect().width")
    portal.click("Add")
    portal.dialog("Add User Token")
    assert portal.script("return getComputedStyle(document.documentElement).overflowY") == "hidden"
    assert portal.script("return document.querySelector('main').getBoundingClientRect().width") == width
    portal.fill("Token Name", "half a name")
    press(portal, Keys.ESCAPE)
    portal.wait(lambda: portal.script(OPEN, "#discard"), "the question")
    found = fits(portal, "#discard")
    press(portal, Keys.ESCAPE)
    portal.wait(lambda: not portal.script(OPEN, "#discard"), "the question to close")
    assert portal.script("return document.querySelector('#pane [name=name]').value") == "half a name"
    press(portal, Keys.ESCAPE)
    portal.wait(lambda: portal.script(OPEN, "#discard"), "the question again")
    portal.script("document.querySelector('#discard [value=discard]').click()")
    portal.no_dialog()
    assert not found, "\n".join(found)
