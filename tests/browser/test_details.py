"""The page and the pane of a token and of a fault, by keyboard."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.faults.models import Fault
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import clipboard, dialog
from tests.browser.watching import Visit, Watch
from tests.factories import FaultFactory, TokenFactory

pytestmark = pytest.mark.field


def test_a_token_opens_from_the_list_and_is_revoked_on_its_page(portal: Page, administrator: User) -> None:
    token = TokenFactory(user=administrator, name="deploy")
    portal.goto(reverse("tokens:all"))
    portal.get_by_role("link", name="deploy", exact=True).press("Enter")
    pane = dialog(portal, "deploy")
    pane.get_by_role("button", name="Copy ID").click()
    assert clipboard(portal) == str(token.pk)
    found = audit(portal, "token pane", "dialog[open]") + too_wide(portal, "token pane")
    assert not found, "\n".join(found)
    portal.keyboard.press("Escape")
    expect(portal.get_by_role("link", name="deploy", exact=True)).to_be_focused()
    portal.get_by_role("link", name="deploy", exact=True).press("Enter")
    pane.get_by_role("link", name="Open page").press("Enter")
    expect(portal.get_by_role("heading", level=1)).to_have_text("deploy")
    page = portal.locator("#token-page")
    page.get_by_role("link", name="Revoke").press("Enter")
    portal.get_by_role("dialog").get_by_role("button", name="Revoke").press("Enter")
    expect(page.get_by_text("Revoked", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="Revoke")).to_have_count(0)


def test_a_fault_takes_notes_and_its_acknowledgement_is_undone(visit: Visit, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    fault = FaultFactory(name="Mail is stuck")
    page = visit(administrator, reverse("faults:list"))
    page.get_by_role("link", name="Mail is stuck", exact=True).press("Enter")
    pane = dialog(page, "Mail is stuck")
    box = pane.get_by_role("textbox", name="Note")
    pane.get_by_role("button", name="Add note").click()
    expect(pane.get_by_text("Enter a note.")).to_be_visible()
    box.fill("Asked the team.")
    pane.get_by_role("button", name="Add note").press("Enter")
    expect(pane.get_by_role("listitem").filter(has_text="Asked the team.")).to_be_visible()
    expect(box).to_have_value("")
    expect(pane.locator("#audit-trail")).to_contain_text("Note added just now by anna@example.com")
    found = audit(page, "fault pane", "dialog[open]") + too_wide(page, "fault pane")
    assert not found, "\n".join(found)
    pane.get_by_role("button", name="Acknowledge", exact=True).press("Enter")
    expect(pane).to_be_hidden()
    page.goto(reverse("faults:fault", args=[fault.pk]))
    page.get_by_role("textbox", name="Note").fill("half a no")
    page.get_by_role("button", name="Undo acknowledge").press("Enter")
    expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Note")).to_have_value("half a no")
    page.get_by_role("textbox", name="Note").fill("")
    assert Fault.objects.get(pk=fault.pk).state == "Open"
