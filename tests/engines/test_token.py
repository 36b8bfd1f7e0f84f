"""In WebKit and Firefox: a token is created, read, copied and revoked."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.keys import Keys

from portal.users.models import User
from tests.browser.steps import accepted
from tests.engines.driving import Portal
from tokens.models import Token

pytestmark = pytest.mark.field


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_token_is_created_read_copied_and_revoked(portal: Portal, administrator: User, size: str) -> None:
    portal.resize(size)
    portal.sign_in(administrator, reverse("profile"))
    portal.click("Create Token")
    portal.dialog("Create API Token")
    portal.fill("Token Name", "deploy")
    portal.click("90 days", "Calendar")
    portal.script("return document.activeElement").send_keys(Keys.ARROW_RIGHT, Keys.ENTER)
    portal.shows("dialog [data-expiry-words]", "in 91 days")
    portal.click("Create")
    window = portal.dialog("Token Created")
    secret = portal.find("#token-secret")
    text = secret.text  # only what is visible
    assert accepted(text).name == "deploy"
    assert inside(window.rect, secret.rect), (window.rect, secret.rect)
    portal.click("Copy")
    portal.shows("dialog [data-copy-label]", "Copied")
    portal.click("Close")
    portal.no_dialog()
    assert portal.pasted() == text

    portal.click("Revoke deploy")
    window = portal.dialog("Revoke deploy")
    named = portal.find("dialog[open] strong")
    assert named.text == "deploy"
    assert inside(window.rect, named.rect)
    portal.click("Revoke")
    portal.shows("#results tr", "Revoked")
    assert Token.objects.permanent().get().revoked_at is not None


def test_the_temporary_token_is_copied(portal: Portal, administrator: User) -> None:
    portal.sign_in(administrator, reverse("profile"))
    portal.click("Copy the temporary API token")
    portal.shows(".toasts", "API token copied.")
    assert accepted(portal.pasted()).kind == Token.Kind.TEMPORARY


def inside(outer: dict[str, float], inner: dict[str, float]) -> bool:
    return all(
        outer[start] <= inner[start] and inner[start] + inner[extent] <= outer[start] + outer[extent]
        for start, extent in (("x", "width"), ("y", "height"))
    )
