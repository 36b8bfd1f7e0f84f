"""Select all matching: the filter that is set without loading the page again is the one that is confirmed and worked on."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import Visit
from tests.factories import TokenFactory, UserFactory
from tokens import bulk
from tokens.models import Token

pytestmark = pytest.mark.field


def test_a_search_is_narrowed_selected_confirmed_and_followed_to_its_end(visit: Visit, administrator: User) -> None:
    owner = UserFactory(username="ci@example.com")
    for number in range(30):
        TokenFactory(user=owner, name=f"deploy-{number}")
    TokenFactory(user=owner, name="backup")
    page = visit(administrator, reverse("tokens:all"))
    offer = page.get_by_role("button", name="matching")
    expect(offer).to_be_hidden()
    page.get_by_label("Search", exact=True).fill("deploy")
    expect(page.locator("#list-total")).to_have_text("30")
    page.locator("[data-select-all]").first.check()
    expect(offer).to_have_text("Select all 30 matching")
    found = audit(page, "offer") + too_wide(page, "offer")
    offer.click()
    dialog = page.get_by_role("dialog", name="Revoke 30 tokens")
    expect(dialog.get_by_role("button", name="Revoke 30 tokens")).to_be_disabled()
    found += audit(page, "confirmation", "dialog[open]") + too_wide(page, "confirmation")
    dialog.get_by_label("Type 30 to confirm").fill("30")
    dialog.get_by_role("button", name="Revoke 30 tokens").click()
    progress = page.get_by_role("dialog", name="Revoking tokens")
    expect(progress.get_by_text("0 of 30 tokens revoked.")).to_be_visible()
    found += audit(page, "progress", "dialog[open]") + too_wide(page, "progress")
    bulk.resume(timezone.now(), 30)
    expect(progress.get_by_text("30 tokens revoked.", exact=True)).to_be_visible()
    assert list(Token.objects.permanent().filter(revoked_at=None).values_list("name", flat=True)) == ["backup"]
    assert not found, "\n".join(found)
