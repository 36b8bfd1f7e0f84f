"""In WebKit and Firefox: the Django admin's lists and rows fit the screen, and its filters show their choices."""

import pytest
from django.urls import reverse

from portal.faults.models import Fault
from portal.users.models import User
from tests.engines.driving import SIZES, Portal
from tests.factories import OperatorFactory

pytestmark = pytest.mark.field
OVERFLOW = "return Math.max(0, document.documentElement.scrollWidth - innerWidth)"
CHOICES = """
return [...document.querySelectorAll(".admin-filter")].flatMap((filter) => {
  filter.open = true;
  const hidden = [...filter.querySelectorAll("li a")].filter((choice) => {
    const { left, top, width, height } = choice.getBoundingClientRect();
    return !document.elementFromPoint(left + width / 2, top + height / 2)?.closest("li a")?.isSameNode(choice);
  });
  filter.open = false;
  return hidden.map((choice) => choice.textContent.trim());
});
"""


@pytest.mark.parametrize("size", SIZES)
def test_lists_and_rows_fit_and_filters_show_their_choices(portal: Portal, furnished: User, size: str) -> None:
    portal.sign_in(OperatorFactory())
    portal.resize(size)
    found = []
    for path in [
        reverse("admin:index"),
        reverse("admin:faults_fault_changelist"),
        reverse("admin:faults_fault_change", args=[Fault.objects.latest("pk").pk]),
        reverse("admin:tokens_token_changelist"),
    ]:
        portal.open(path)
        found += [f"{path}: {width} pixels too wide" for width in [portal.script(OVERFLOW)] if width]
        found += [f"{path}: {choice}" for choice in portal.script(CHOICES)]
    assert not found, "\n".join(found)
