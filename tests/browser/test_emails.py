"""Emails as email clients show them: at the width of a message pane and of a phone, in light and dark, with the longest names."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.accessibility import violations
from tests.factories import UserFactory
from tests.sample_emails import LONG_USERNAME, every_email

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
NEEDED_WIDTH = "document.documentElement.scrollWidth"
BUTTON_HEIGHT = "document.querySelector('.button')?.offsetHeight ?? 44"


@pytest.mark.parametrize("username", ["bob@example.com", LONG_USERNAME])
def test_every_email_fits_and_is_readable_at_any_width_and_in_dark(page: Page, username: str) -> None:
    found = []
    for name, email in every_email(UserFactory(username=username)).items():
        page.set_content(email.html)
        page.evaluate(AXE_SCRIPT)
        for width in (600, 360):
            page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                what = f"{name}, {width}, {scheme}"
                found += violations(page, what, "html")
                found += [f"{what}: {needed} wide" for needed in [page.evaluate(NEEDED_WIDTH)] if needed > width]
                found += [f"{what}: button of {height}" for height in [page.evaluate(BUTTON_HEIGHT)] if height < 44]
    assert not found, "\n".join(found)
