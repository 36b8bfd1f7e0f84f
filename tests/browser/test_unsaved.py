"""What was typed into a dialog or a page's form is not lost by Escape, a click outside, Close, Cancel or leaving the page."""

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog
from tests.browser.watching import Watch

pytestmark = pytest.mark.field
TYPED = "half a name"


def opened(page: Page) -> Locator:
    page.get_by_role("link", name="Add", exact=True).click()
    return dialog(page, "Add User Token")


def question(page: Page) -> Locator:
    return page.get_by_role("alertdialog", name="Discard changes?")


def leave(page: Page, way: str) -> None:
    if way == "Escape":
        page.keyboard.press("Escape")
    elif way == "outside":
        page.mouse.click(5, 400)
    else:
        page.locator("dialog[open] .dialog-head, dialog[open] .form-actions").get_by_label(way).or_(
            page.locator("dialog[open]").get_by_role("link", name=way)
        ).first.click()


@pytest.mark.parametrize("way", ["Escape", "outside", "Close", "Cancel"])
def test_a_changed_dialog_asks_before_it_closes_and_an_unchanged_one_does_not(portal: Page, way: str) -> None:
    pane = opened(portal)
    leave(portal, way)
    expect(pane).to_be_hidden()
    expect(question(portal)).to_be_hidden()

    pane = opened(portal)
    pane.get_by_label("Token Name").fill(TYPED)
    leave(portal, way)
    expect(question(portal).get_by_role("button", name="Keep editing")).to_be_focused()
    portal.keyboard.press("Escape")
    expect(question(portal)).to_be_hidden()
    expect(pane.get_by_label("Token Name")).to_have_value(TYPED)
    leave(portal, way)
    question(portal).get_by_role("button", name="Discard").click()
    expect(pane).to_be_hidden()
    expect(portal.get_by_role("link", name="Add", exact=True)).to_be_focused()


def test_a_form_that_came_back_with_an_error_counts_as_changed(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    pane = opened(portal)
    pane.get_by_role("button", name="Create", exact=True).click()
    expect(pane.locator(".is-invalid")).to_be_visible()
    portal.keyboard.press("Escape")
    expect(pane).to_be_hidden()  # nothing had been typed

    pane = opened(portal)
    pane.get_by_label("Token Name").fill("<b>")
    pane.get_by_role("button", name="Create", exact=True).click()
    expect(pane.locator(".is-invalid")).to_have_value("<b>")
    portal.keyboard.press("Escape")
    expect(question(portal)).to_be_visible()
    found = audit(portal, "the question", "#discard") + too_wide(portal, "the question")
    assert not found, "\n".join(found)
    question(portal).get_by_role("button", name="Keep editing").click()
    pane.get_by_label("Token Name").fill("whole")
    pane.get_by_role("button", name="Create", exact=True).click()
    dialog(portal, "Token Created").get_by_role("link", name="Close").click()
    expect(question(portal)).to_be_hidden()
    expect(portal.locator("#results")).to_contain_text("whole")


def test_leaving_a_page_asks_only_while_a_form_has_changes(portal: Page) -> None:
    asked: list[str] = []

    def stay(box: Dialog) -> None:
        asked.append(box.type)
        box.dismiss() if len(asked) == 1 else box.accept()

    portal.on("dialog", stay)
    portal.goto(reverse("users:create"))
    portal.get_by_label("Username").focus()
    portal.get_by_role("link", name="Cancel").click()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Users")
    assert asked == []
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Create User")
    pane.get_by_label("Username").fill(TYPED)
    portal.evaluate("history.back()")
    portal.wait_for_timeout(300)  # nothing else shows that the browser has asked
    assert asked == ["beforeunload"]
    expect(pane.get_by_label("Username")).to_have_value(TYPED)
    pane.get_by_label("Username").fill("robot-7")
    pane.get_by_role("button", name="Submit").click()
    expect(portal.locator("#results")).to_contain_text("robot-7")
    portal.get_by_role("link", name="Faults", exact=True).click()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Faults")
    assert asked == ["beforeunload"]


def test_the_page_behind_a_dialog_does_not_scroll_or_move(portal: Page) -> None:
    portal.set_viewport_size({"width": 1280, "height": 420})
    place = "[document.querySelector('main').getBoundingClientRect().width, scrollY]"
    portal.get_by_role("link", name="Add", exact=True).scroll_into_view_if_needed()
    before = portal.evaluate(place)
    opened(portal)
    portal.mouse.move(200, 300)
    portal.mouse.wheel(0, 400)
    portal.keyboard.press("PageDown")
    portal.wait_for_timeout(200)  # a scroll would come with the next frames
    assert portal.evaluate(place) == before


def test_what_looks_like_a_button_in_the_top_bar_takes_space(portal: Page) -> None:
    portal.set_viewport_size({"width": 800, "height": 500})
    for name in ("Menu", "User menu", "Theme"):
        button = portal.get_by_role("banner").get_by_role("button", name=name, exact=True)
        button.focus()
        portal.keyboard.press("Space")
        expect(button).to_have_attribute("aria-expanded", "true")
        portal.keyboard.press("Escape")
        expect(button).to_have_attribute("aria-expanded", "false")
        expect(button).to_be_focused()
    assert portal.evaluate("scrollY") == 0
    # Nothing in the product says that it is a button and is something else.
    assert portal.locator("[role=button]:not(button)").count() == 0
