"""In WebKit and Firefox: All settings, with chips for addresses and a switch."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.keys import Keys

import settings_app.services as config
from portal.users.models import User
from settings_app.registry import KEYS
from tests.engines.driving import SIZES, Portal

pytestmark = pytest.mark.field
EMAILS, OWN_TOKENS = KEYS["token_expiration_emails"].label, KEYS["users_may_create_tokens"].label


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_addresses_and_a_switch_are_saved(portal: Portal, administrator: User, size: str) -> None:
    portal.resize(size)
    portal.sign_in(administrator, reverse("settings:all"))
    portal.fill(EMAILS, "a@example.com;bob@ b@example.com")
    portal.shows(".chips li.invalid", "bob@")
    assert portal.script("return document.documentElement.scrollWidth") <= SIZES[size][0]
    portal.click("Remove bob@ (invalid)", f"Save {EMAILS}")
    portal.shows("#setting-token_expiration_emails .setting-effect", "2 addresses notified.")
    assert config.get("token_expiration_emails") == ("a@example.com", "b@example.com")
    # By keyboard: on a phone the note that the addresses are saved may still be in front of a button.
    portal.control(OWN_TOKENS).send_keys(Keys.SPACE)
    portal.control(f"Save {OWN_TOKENS}").send_keys(Keys.ENTER)
    portal.shows("#setting-users_may_create_tokens .setting-effect", "All users can create tokens.")
    assert config.get("users_may_create_tokens") is True
