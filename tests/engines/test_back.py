"""In WebKit and Firefox: after Back a list shows what is true now, and no box is ticked that nobody ticked."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.users.models import User
from tests.engines.driving import Portal
from tests.factories import TokenFactory

pytestmark = pytest.mark.field
TICKED = "return document.querySelectorAll('[data-select-row]:checked').length"


@pytest.fixture
def listed(portal: Portal, administrator: User) -> Portal:
    now = timezone.now()
    for age, name in enumerate(("newest", "middle", "oldest"), start=1):
        TokenFactory(user=administrator, name=name, created_at=now - timedelta(days=age))
    portal.sign_in(administrator, reverse("tokens:all"))
    return portal


def test_after_back_no_box_is_ticked_and_the_count_agrees(listed: Portal, administrator: User) -> None:
    listed.click("Select newest", "Select middle")
    assert listed.script(TICKED) == 2
    listed.click(administrator.username)
    listed.find("#user-header")
    TokenFactory(user=administrator, name="made meanwhile", created_at=timezone.now())
    listed.driver.back()
    listed.find("[aria-label='Select made meanwhile']")
    listed.settled()
    assert listed.script(TICKED) == 0
    assert listed.find("[data-selected-count]").text == "0"
    assert not listed.find("#bulk [type=submit]").is_enabled()


def test_after_back_the_search_box_says_what_the_list_shows(listed: Portal, administrator: User) -> None:
    rows = "return document.querySelectorAll('[data-select-row]').length"
    listed.fill("Search", "oldest")
    listed.wait(lambda: listed.script(rows) == 1, "one row")
    listed.click(administrator.username)
    listed.find("#user-header")
    for shown, number in (("oldest", 1), ("", 3)):
        listed.driver.back()
        listed.wait(lambda number=number: listed.script(rows) == number, f"{number} rows")
        listed.settled()
        assert listed.find("#list-search").get_property("value") == shown


def test_a_token_does_not_come_back_with_its_page(portal: Portal, administrator: User) -> None:
    portal.sign_in(administrator, reverse("profile"))
    portal.click("Create Token")
    portal.fill("Token Name", "deploy")
    portal.click("Create")
    portal.dialog("Token Created")
    text = portal.find("#token-secret").text
    portal.open(reverse("users:list"))
    portal.driver.back()
    portal.shows("#results", "deploy")
    portal.no_dialog()
    assert text not in portal.driver.page_source


def test_after_signing_out_back_shows_nothing_of_the_portal(portal: Portal, administrator: User) -> None:
    portal.sign_in(administrator, reverse("users:list"))
    portal.open(reverse("account_logout"))
    portal.click("Logout")
    portal.shows("h1", "Sign in")
    portal.driver.back()
    portal.driver.back()
    portal.shows("h1", "Sign in")
    portal.settled()
    assert administrator.username not in portal.driver.page_source
