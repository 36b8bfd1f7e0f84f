"""A token and a fault have one address each, which leads every role to the page that shows it."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.clock import NOW
from tests.factories import FaultFactory, TokenFactory
from tests.pages.visitor import Visitor
from tests.tokens.scans import OPS, configure, deliver, ending, scan

pytestmark = pytest.mark.django_db


def end_of(visitor: Visitor, path: str) -> tuple[int, str]:
    """Where the address leads in the end, and the status there."""
    response = visitor.get(path, follow=True)
    return response.status_code, response.redirect_chain[-1][0] if response.redirect_chain else path


def test_a_token_has_one_page_for_each_role(as_person: Visitor, as_operator: Visitor, as_administrator: Visitor) -> None:
    token = TokenFactory(user=as_person.user, name="my deploy")
    path = reverse("tokens:token", args=[token.pk])
    for visitor in (as_person, as_operator, as_administrator):
        page = visitor.see(path)
        assert (page.status, page.all("h1")[0].text) == (200, "my deploy")


def test_a_token_of_a_deleted_user_is_shown_to_administrators(as_administrator: Visitor) -> None:
    token = TokenFactory(user__is_active=False, user__deleted_at=NOW)
    assert as_administrator.get(reverse("tokens:token", args=[token.pk])).status_code == 200


def test_somebody_elses_token_is_not_found(as_person: Visitor) -> None:
    assert as_person.get(reverse("tokens:token", args=[TokenFactory().pk])).status_code == 404


def test_a_fault_has_a_page(as_operator: Visitor) -> None:
    fault = FaultFactory(resource="deploy of robot")
    assert "deploy of robot" in as_operator.see("faults:fault", fault.pk).text
    assert as_operator.get(reverse("faults:fault", args=[fault.pk + 10])).status_code == 404


def test_the_links_of_a_digest_open_for_every_role(
    as_person: Visitor, as_operator: Visitor, as_administrator: Visitor, person: User
) -> None:
    configure("15", OPS)
    token = ending(5, user=person)
    scan()
    (email,) = deliver()
    link = reverse("tokens:token", args=[token.pk])
    assert link in email.text
    for visitor in (as_person, as_operator, as_administrator):
        assert end_of(visitor, link)[0] == 200
        assert end_of(visitor, reverse("tokens:list") + "?sort=expires_at")[0] == 200
