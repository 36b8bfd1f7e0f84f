"""A user with the longest names breaks neither the pages nor the dialogs about them, on a phone and on a zoomed laptop."""

import pytest
from django.urls import reverse

from portal.users import services
from portal.users.models import DISPLAY_NAME_MAX, USERNAME_MAX, User
from tests.browser.accessibility import PHONE
from tests.browser.watching import Visit

pytestmark = pytest.mark.field

USERNAME = f"{'a' * 60}.{'b' * 3}@{'c' * 60}.example.com"
ZOOMED = {"width": 720, "height": 450}  # 1440 by 900 at 200%


def test_pages_and_dialogs_about_a_user_with_long_names_fit(visit: Visit, administrator: User) -> None:
    assert len(USERNAME) <= USERNAME_MAX
    carol = services.create(USERNAME, "W" * DISPLAY_NAME_MAX, User.Role.OPERATOR, None)
    page = visit(administrator)
    names = ("users:update", "users:deactivate", "users:delete", "users:resend_invitation", "users:invitation_link", "tokens:user_tokens")
    found = []
    for name in names:
        page.goto(reverse(name, args=[carol.username]))
        for size in (PHONE, ZOOMED):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                found.append(f"{name} is too wide at {size['width']} px")
    page.goto(reverse("tokens:user_tokens", args=[carol.username]))
    page.set_viewport_size(PHONE)
    for action in ("Delete", "Copy invitation link"):
        page.get_by_role("button", name="Actions", exact=True).click()
        page.get_by_role("link", name=action, exact=True).click()
        body = page.locator("dialog[open] .dialog-body")
        assert body.evaluate("body => body.scrollWidth - body.clientWidth") == 0, action
        page.get_by_role("button", name="Close", exact=True).click()
    assert not found, "\n".join(found)
