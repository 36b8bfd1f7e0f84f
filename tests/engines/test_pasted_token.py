"""In WebKit and Firefox: a token that is pasted into a search box is looked up, and gets into no address."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.keys import Keys

from portal.users.models import User
from tests.engines.driving import Portal
from tests.factories import UserFactory, issue

pytestmark = pytest.mark.field
REQUESTED = "return performance.getEntriesByType('resource').map((entry) => entry.name).join()"


def test_a_pasted_token_is_looked_up_in_a_window(portal: Portal, administrator: User) -> None:
    text = issue(UserFactory(username="bob@example.com"), "deploy")[1]
    portal.sign_in(administrator, reverse("tokens:all"))
    portal.fill("Search", text)
    window = portal.dialog("API token")
    assert "bob@example.com" in window.text
    assert reverse("tokens:look_up") in portal.script(REQUESTED)
    portal.click("Close")
    portal.no_dialog()
    portal.fill("Search", f"{text}{Keys.ENTER}")
    portal.dialog("API token")
    assert text[:20] not in portal.script("return location.href") + portal.script(REQUESTED) + portal.driver.page_source
