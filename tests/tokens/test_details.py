"""The page of a token: what it says, to whom, and with how many queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.core.actors import Actor
from portal.notifications.models import Message
from portal.users.models import User
from tests.clock import DAY
from tests.factories import AdministratorFactory, FaultFactory, OperatorFactory, TokenFactory, UserFactory, issue
from tests.notifications.rejecting import queue
from tests.pages.page import Element, Page
from tests.pages.visitor import Visitor
from tokens import services
from tokens.expiry.queries import SOURCE
from tokens.models import Notice, Token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


def see(user: User, token: Token) -> Page:
    return Visitor(user).see("tokens:token", token.pk)


def facts(page: Page) -> dict[str, str]:
    return facts_in(page.one(id="token-page"))


def facts_in(part: Element) -> dict[str, str]:
    """The labels and values of the first list of facts in a part of a page."""
    found = part.all("dl", "facts")[0]
    return {term.text: value.text for term, value in zip(found.all("dt"), found.all("dd"), strict=True)}


def section(page: Page, title: str) -> list[str]:
    """The rows of the section with this title; none if it is not there."""
    found = [each for each in page.all("section") if any(head.text == title for head in each.all("h2"))]
    return [row.text for each in found for row in each.all("li")]


def notify(token: Token, address: str, threshold: int = 7) -> Message:
    message = queue(address)
    Notice.objects.create(token=token, threshold=threshold, address=address, created_at=message.created_at, message=message)
    return message


def test_it_says_who_created_and_revoked_the_token_and_how() -> None:
    owner, administrator = UserFactory(username="bob@example.com"), AdministratorFactory(username="alice@example.com")
    token, _ = issue(owner, "deploy", actor=administrator)
    page = see(administrator, token)
    shown = facts(page)
    assert shown["Token Name"] == "deploy"
    assert shown["ID"].startswith(str(token.pk))
    assert "by alice@example.com" in shown["Created"]
    assert "in 365 days" in shown["Expires"]
    assert shown["Last used"] == "Never"
    assert [button.text for button in page.one(id="token-page").all("a", "btn")] == ["Revoke"]
    services.revoke(token, Actor(administrator), token.created_at + DAY)
    page = see(administrator, token)
    assert "by alice@example.com" in facts(page)["Revoked"]
    assert facts(page)["Rejected uses"] == "None"
    assert [row.split()[0] for row in section(page, "Audit trail")] == ["Revoked", "Created"]
    assert not page.one(id="token-page").all("a", "btn")


def test_a_token_made_by_the_api_names_the_token_that_made_it() -> None:
    parent = TokenFactory(user__role="administrator")
    child = TokenFactory(user=parent.user, created_by=parent.user, created_with=parent, name="made")
    assert parent.name in facts(see(parent.user, child))["Created"]
    assert any("made" in row for row in section(see(parent.user, parent), "Tokens created with it"))


def test_it_lists_notifications_and_faults() -> None:
    token = TokenFactory()
    notify(token, "ops@example.com", 30)
    notify(token, token.user.email)
    FaultFactory(source=SOURCE, key=token.pk.hex, name="API token expires soon")
    FaultFactory(source=SOURCE, key=TokenFactory().pk.hex, name="Another token's")
    page = see(OperatorFactory(), token)
    sent = section(page, "Notifications")
    assert [row.split()[:2] for row in sent] == [[token.user.email, "Queued"], ["ops@example.com", "Queued"]]
    assert "30 days before expiry" in sent[1]
    (fault,) = section(page, "Faults")
    assert fault.startswith("API token expires soon Warning Open")


def test_the_owner_sees_no_other_recipient_and_no_audit_trail() -> None:
    token = TokenFactory()
    notify(token, "ops@example.com", 30)
    notify(token, token.user.email)
    page = see(token.user, token)
    assert "ops@example.com" not in page.source
    assert len(section(page, "Notifications")) == 1
    assert "Audit trail" not in page.source
    assert "/admin/" not in page.one(id="token-page").text


def test_operators_read_it_and_cannot_revoke() -> None:
    token = TokenFactory()
    page = see(OperatorFactory(), token)
    assert page.status == 200
    assert reverse("tokens:revoke", args=[token.pk]) not in page.source


@pytest.mark.parametrize("hyphens", [True, False])
def test_it_opens_in_a_pane_by_both_forms_of_its_id(hyphens: bool) -> None:
    token = TokenFactory()
    pane = Visitor(token.user, htmx="pane").see(f"/tokens/{token.pk if hyphens else token.pk.hex}/")
    assert pane.one(id="dialog-title").text == token.name
    assert not pane.all("html")


def test_long_lists_are_cut_and_cost_no_further_queries() -> None:
    administrator = AdministratorFactory()
    token = TokenFactory(user=administrator)
    visitor = Visitor(administrator)
    path = reverse("tokens:token", args=[token.pk])
    visitor.get(path)
    with CaptureQueriesContext(connection) as before:
        visitor.get(path)
    for number in range(12):
        notify(token, f"{number}@example.com", number)
        FaultFactory(source=SOURCE, key=token.pk.hex, cleared_at=token.created_at)
        TokenFactory(created_with=token)
        services.issue(UserFactory(), f"n{number}", None, Actor(administrator), token.created_at)
    with CaptureQueriesContext(connection) as after:
        page = visitor.see(path)
    assert len(after) <= len(before)
    assert [len(section(page, name)) for name in ("Notifications", "Faults", "Tokens created with it")] == [10, 10, 10]
    assert [link.text for link in page.all("a") if link.text.startswith("All ")] == [
        "All notifications",
        "All faults",
        "All tokens created with it",
    ]
    for link in page.all("a"):
        if link.text.startswith("All "):
            assert visitor.get(link.attributes["href"]).status_code == 200
