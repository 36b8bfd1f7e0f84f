"""Create User says while one types what the username will create, and agrees with the server about it."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.core.errors import ServiceError
from portal.users import services
from portal.users.models import User
from tests.browser.steps import dialog, navigate
from tests.browser.watching import Watch

PERSON = "Creates a person, who is invited by email."
SERVICE = "Creates a service account, which owns tokens but can't sign in."
INVALID = "Not a valid email address."
TYPED = {
    "jane@example.com": PERSON,
    "o'brien+ci@sub.example.co.uk": PERSON,
    "jane@xn--bcher-kva.example": PERSON,
    "admin@localhost": PERSON,
    "build-robot": SERVICE,
    "jane.doe@examplecom": INVALID,
    "jane@": INVALID,
    "jane@-x.example": INVALID,
    "jane.@example.com": INVALID,
    "jane@bücher.example": INVALID,
}


def test_the_form_says_what_it_will_create(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    navigate(portal, "Administrator", "Users")
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Create User")
    status = pane.get_by_role("status")
    username = pane.get_by_label("Username")
    for typed, says in TYPED.items():
        username.fill(typed)
        expect(status).to_have_text(says)
    username.fill("")
    expect(status).to_have_text("")
    username.fill("jane.doe@examplecom")
    pane.get_by_role("button", name="Submit").click()
    expect(username).to_have_accessible_description(re.compile(r"jane\.doe@examplecom is not a valid email address\.$"))
    expect(username).to_have_value("jane.doe@examplecom")
    assert not User.objects.filter(username__startswith="jane").exists()


@pytest.mark.parametrize(("typed", "says"), TYPED.items())
def test_what_it_says_is_what_the_server_does(typed: str, says: str, transactional_db: None) -> None:
    try:
        made = services.create(typed, "", "user", None).kind
    except ServiceError:
        made = None
    assert made == {PERSON: "person", SERVICE: "service", INVALID: None}[says]


def test_without_javascript_the_help_says_it(portal: Page, administrator: User) -> None:
    portal.goto(reverse("users:create"))
    expect(portal.get_by_text("An email address creates a person, who is invited by email. Any other name creates")).to_be_visible()
