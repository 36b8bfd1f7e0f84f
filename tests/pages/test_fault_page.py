"""The page of a fault: what it says, notes, and the undo of Acknowledge."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.actors import Actor
from portal.faults import notes, services
from portal.notifications import services as outbox
from tests.factories import FaultFactory, TokenFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.tokens.test_details import facts_in, notify, section
from tokens.expiry.digest import DIGEST, UNDELIVERED
from tokens.expiry.queries import SOURCE

pytestmark = pytest.mark.django_db


def facts(page: Page) -> dict[str, str]:
    return facts_in(page.one(id="fault-facts"))


def buttons(page: Page) -> list[str]:
    return [button.text for button in page.one(id="fault-facts").all("button")]


def test_it_says_who_acknowledged_and_cleared_the_fault(as_operator: Visitor) -> None:
    fault, actor = FaultFactory(resource="deploy"), Actor(as_operator.user)
    page = as_operator.see("faults:fault", fault.pk)
    assert (page.all("h1")[0].text, facts(page)["Resource"], buttons(page)) == (fault.name, "deploy", ["Acknowledge"])
    services.acknowledge(fault, actor, timezone.now())
    page = as_operator.see("faults:fault", fault.pk)
    assert facts(page)["Acknowledged"].endswith("by oscar@example.com")
    assert buttons(page) == ["Undo acknowledge"]
    services.clear(fault, actor, timezone.now())
    page = as_operator.see("faults:fault", fault.pk)
    assert facts(page)["Cleared"].endswith("by oscar@example.com")
    assert buttons(page) == []
    assert len(section(page, "Audit trail")) == 2


def test_a_fault_that_a_scan_cleared_says_so(as_operator: Visitor) -> None:
    fault = FaultFactory(cleared_at=timezone.now())
    assert facts(as_operator.see("faults:fault", fault.pk))["Cleared"].endswith("by the portal")


def test_acknowledge_is_undone_on_the_page(as_operator: Visitor) -> None:
    fault = FaultFactory()
    services.acknowledge(fault, Actor(as_operator.user), timezone.now())
    page = Page(as_operator.post(reverse("faults:undo_acknowledge", args=[fault.pk]), follow=True))
    assert page.toasts == [f"Open again: {fault}"]
    assert buttons(page) == ["Acknowledge"]
    page = Page(as_operator.post(reverse("faults:undo_acknowledge", args=[fault.pk]), follow=True))
    assert page.toasts == [f"{fault} is not acknowledged, or has been cleared."]


@pytest.mark.parametrize("htmx", ["", "fault-notes"])
def test_a_note_is_added_with_and_without_javascript(htmx: str, as_operator: Visitor) -> None:
    fault = FaultFactory()
    as_operator.htmx = htmx
    response = as_operator.post(reverse("faults:add_note", args=[fault.pk]), {"text": "Asked the team."}, follow=True)
    page = Page(response)
    (note,) = section(page, "Notes")
    assert note.startswith("Asked the team. oscar@example.com")
    assert page.one(name="text").raw.strip() == ""
    if htmx:
        assert json.loads(response["HX-Trigger"])["toast"]["text"] == "Note added."


def test_an_empty_note_keeps_the_page_and_says_why(as_operator: Visitor) -> None:
    fault = FaultFactory()
    response = as_operator.send("faults:add_note", fault.pk, text="")
    assert (response.status_code, Page(response).error("text")) == (422, "Enter a note.")
    response = as_operator.send("faults:add_note", fault.pk, text="hidden\u200btext")
    assert response.status_code == 422
    assert Page(response).value("text") == "hidden\u200btext"


def test_it_lists_the_notifications_about_the_same_thing(as_operator: Visitor) -> None:
    token = TokenFactory()
    notify(token, "ops@example.com")
    sent = section(as_operator.see("faults:fault", FaultFactory(source=SOURCE, key=token.pk.hex).pk), "Notifications")
    assert [row.split()[:2] for row in sent] == [["ops@example.com", "Queued"]]
    outbox.queue(DIGEST, ["dev@example.com"], now=timezone.now())
    sent = section(as_operator.see("faults:fault", FaultFactory(source=UNDELIVERED, key="Dev@example.com").pk), "Notifications")
    assert [row.split()[0] for row in sent] == ["dev@example.com"]
    assert section(as_operator.see("faults:fault", FaultFactory().pk), "Notifications") == []


def test_it_costs_as_many_queries_with_many_notes(as_operator: Visitor) -> None:
    fault = FaultFactory()
    path = reverse("faults:fault", args=[fault.pk])
    as_operator.get(path)
    with CaptureQueriesContext(connection) as before:
        as_operator.get(path)
    for number in range(15):
        notes.add(fault, f"note {number}", Actor(as_operator.user), timezone.now())
    with CaptureQueriesContext(connection) as after:
        page = as_operator.see(path)
    assert len(after) == len(before)
    assert (len(section(page, "Notes")), len(section(page, "Audit trail"))) == (15, 10)
    assert as_operator.get(next(link.attributes["href"] for link in page.all("a") if link.text == "All entries")).status_code == 200


def test_its_former_address_leads_to_it(as_operator: Visitor) -> None:
    fault = FaultFactory()
    response = as_operator.get(f"/administrator/faults/{fault.pk}/")
    assert (response.status_code, response["Location"]) == (302, f"/faults/{fault.pk}/")


def test_it_opens_in_a_pane(as_operator: Visitor) -> None:
    as_operator.htmx = "pane"
    page = as_operator.see("faults:fault", FaultFactory(name="Mail is stuck").pk)
    assert page.one(id="dialog-title").text == "Mail is stuck"
