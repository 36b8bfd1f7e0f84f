"""In WebKit and Firefox: the Sessions page on a wide screen and on a phone."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.engines.driving import SIZES, Portal
from tests.sessions.signing_in import PHONE, active, sign_in

pytestmark = pytest.mark.field
# What is cut off or lies on something else: every button and cell is where a click finds it.
COVERED = """
return [...document.querySelectorAll(".sessions button, .sessions td")].filter((part) => {
  part.scrollIntoView({ block: "center" });
  const { left, top, width, height } = part.getBoundingClientRect();
  const seen = document.elementFromPoint(left + Math.min(width / 2, 40), top + height / 2);
  return !(part.contains(seen) || seen?.contains(part)) || left < 0 || left + width > innerWidth;
}).map((part) => part.outerHTML.slice(0, 80));
"""


@pytest.mark.parametrize("size", SIZES)
def test_a_session_is_ended(portal: Portal, administrator: User, size: str) -> None:
    sign_in(administrator, PHONE, "2001:db8:1234:5678:9abc:def0:1234:5678")
    portal.resize(size)
    portal.sign_in(administrator, reverse("sessions:own"))
    portal.shows(".sessions td", "Safari on iPhone")
    assert portal.script(COVERED) == []
    assert portal.script("return document.documentElement.scrollWidth") <= SIZES[size][0]
    portal.click("End all other sessions")
    portal.shows(".toast, [role=status], [role=alert]", "1 session ended.")
    assert len(active(administrator)) == 1
