"""In WebKit and Firefox: a date shows its exact instant in a bubble, also above a dialog."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.clock import exact
from tests.engines.driving import Portal
from tests.factories import TokenFactory

pytestmark = pytest.mark.field

SHOWN = """
const bubble = document.getElementById("exact-instant"), box = bubble.getBoundingClientRect();
return bubble.matches(":popover-open") && bubble.contains(document.elementFromPoint(box.x + 5, box.y + 5));
"""


def test_the_exact_instant_shows_on_focus(portal: Portal, administrator: User) -> None:
    token = TokenFactory(user=administrator)
    portal.sign_in(administrator, reverse("tokens:all"))
    portal.find("td time.when[tabindex='0']")
    portal.script("document.querySelector('td time.when').focus()")
    assert portal.find("#exact-instant").text == exact(token.created_at)
    assert portal.script(SHOWN)

    portal.open_in("#pane", reverse("tokens:token", args=[token.pk]))
    portal.find("dialog[open] time.when[tabindex='0']")
    portal.script("document.querySelector('dialog time.when').focus()")
    portal.find("dialog #exact-instant")
    assert portal.script(SHOWN)
