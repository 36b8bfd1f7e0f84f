"""The Faults page: what waits for somebody, its details with links by role, and Acknowledge."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.faults.models import Fault
from portal.users.models import User
from tests.factories import FaultFactory, issue
from tests.pages.visitor import Visitor, toast
from tokens.expiry import scan as expiry

pytestmark = pytest.mark.django_db


@pytest.fixture
def faults(operator: User) -> dict[str, Fault]:
    now = timezone.now()
    return {
        "open": FaultFactory(resource="open", severity="critical"),
        "acknowledged": FaultFactory(resource="acknowledged", acknowledged_at=now, acknowledged_by=operator),
        "cleared": FaultFactory(resource="cleared", cleared_at=now),
        "cleared later": FaultFactory(resource="cleared later", acknowledged_at=now, acknowledged_by=operator, cleared_at=now),
    }


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("", {"open", "acknowledged"}),
        ("open", {"open"}),
        ("acknowledged", {"acknowledged"}),
        ("cleared", {"cleared", "cleared later"}),
        ("all", {"open", "acknowledged", "cleared", "cleared later"}),
        ("nonsense", {"open", "acknowledged"}),
        ("\x00", {"open", "acknowledged"}),
    ],
)
def test_the_list_shows_what_is_open_unless_another_state_is_chosen(
    state: str, expected: set[str], as_operator: Visitor, faults: dict[str, Fault]
) -> None:
    page = as_operator.see("faults:list", state=state)
    assert set(page.column("Resource")) == expected
    assert page.total == len(expected)


def test_the_columns_are_the_documented_ones(as_operator: Visitor, faults: dict[str, Fault]) -> None:
    page = as_operator.see("faults:list", state="all")
    assert page.columns == ["", "Details", "Name", "Resource", "Description", "Severity", "Raised", "State"]
    states = dict(zip(page.column("Resource"), page.column("State"), strict=True))
    assert states == {"open": "Open", "acknowledged": "Acknowledged", "cleared": "Cleared", "cleared later": "Cleared"}
    assert dict(zip(page.column("Resource"), page.column("Severity"), strict=True))["open"] == "Critical"


def test_search_finds_name_resource_and_description(as_operator: Visitor) -> None:
    FaultFactory(name="Mail is stuck", resource="ops@example.com", description="The server says no.")
    FaultFactory()
    for words in ("stuck", "OPS@", "says no"):
        assert as_operator.see("faults:list", q=words).column("Name") == ["Mail is stuck"]


@pytest.mark.parametrize("role", ["operator", "administrator"])
def test_a_faults_details_lead_each_role_to_pages_that_it_may_open(role: str, as_operator: Visitor, as_administrator: Visitor) -> None:
    config.add("token_expiration_days", "15", None)
    now = timezone.now()
    token, _text = issue(name="deploy", expires=(now + timedelta(days=10)).date())
    expiry.scan(now, "schedule")
    visitor = as_operator if role == "operator" else as_administrator
    page = visitor.see("faults:list")
    assert page.column("Resource") == [f"deploy (tpp_…{token.last_four})"]
    links = page.one("details").all("a")
    assert [link.text for link in links] == ["Token", f"User {token.user.username}"]
    for link in links:
        shown = visitor.get(link.attributes["href"], follow=True)
        assert shown.status_code == 200
        assert token.user.username in shown.content.decode()
    assert links[0].attributes["href"] == f"/tokens/{token.pk.hex}/"
    assert links[1].attributes["href"].startswith("/admin/" if role == "operator" else "/administrator/")


@pytest.mark.parametrize("htmx", ["", "list"])
def test_acknowledge_says_who_and_when_and_lowers_the_bell(htmx: str, as_operator: Visitor, faults: dict[str, Fault]) -> None:
    assert as_operator.see("profile").one("a", "bell").attributes["aria-label"] == "Faults: 1 open"
    as_operator.htmx = htmx
    response = as_operator.send("faults:acknowledge", faults["open"].pk)
    said = toast(response)["text"] if htmx else as_operator.see(response["Location"]).toasts[0]
    assert said == "Acknowledged: Something is wrong: open"
    as_operator.htmx = ""
    page = as_operator.see("faults:list", state="acknowledged", q="open")
    assert "Acknowledged by oscar@example.com just now" in page.one("details").text
    assert not page.one("details").all("form")
    assert page.one("a", "bell").attributes["aria-label"] == "Faults: 0 open"
    entry = Entry.objects.get(target_kind="fault")
    assert (entry.actor.username, entry.changes) == ("oscar@example.com", {"state": ["Open", "Acknowledged"]})


@pytest.mark.parametrize("state", ["acknowledged", "cleared", "cleared later"])
def test_acknowledging_what_is_no_longer_open_says_so_and_changes_nothing(
    state: str, as_administrator: Visitor, faults: dict[str, Fault]
) -> None:
    before = Fault.objects.values().get(pk=faults[state].pk)
    as_administrator.htmx = "list"
    assert toast(as_administrator.send("faults:acknowledge", faults[state].pk)) == {
        "text": f"Something is wrong: {state} has already been acknowledged or cleared.",
        "level": "error",
    }
    assert Fault.objects.values().get(pk=faults[state].pk) == before
    assert not Entry.objects.filter(target_kind="fault").exists()


def test_a_fault_that_does_not_exist_is_404(as_operator: Visitor) -> None:
    assert as_operator.send("faults:acknowledge", 999).status_code == 404
    assert as_operator.send(f"/administrator/faults/{10**30}/acknowledge/").status_code == 404


def test_a_fault_is_shown_as_text_whatever_it_says(as_operator: Visitor) -> None:
    FaultFactory(name="<b>x</b>", resource="<script>alert(1)</script>", description="{{ 7 }}")
    page = as_operator.see("faults:list")
    assert page.column("Resource") == ["<script>alert(1)</script>"]
    assert "<script>alert(1)" not in page.source


def test_users_have_no_bell_and_operators_find_the_way_to_the_django_admin(as_person: Visitor, as_operator: Visitor) -> None:
    assert not as_person.see("profile").all("a", "bell")
    review = as_operator.see("faults:list").one("div", "list-actions").one("a")
    assert review.attributes["href"] == reverse("admin:faults_fault_changelist")


def test_filters_by_severity(as_operator: Visitor) -> None:
    FaultFactory(resource="a", severity="critical")
    FaultFactory(resource="b", severity="warning")
    assert as_operator.see("faults:list", severity="critical").column("Resource") == ["a"]
    assert as_operator.see("faults:list", severity="nonsense").total == 2


def test_selected_faults_are_acknowledged_at_once(as_operator: Visitor, faults: dict[str, Fault]) -> None:
    ids = [str(fault.pk) for fault in faults.values()] + ["nonsense", "-1", "9" * 30]
    before = Fault.objects.get(pk=faults["acknowledged"].pk).acknowledged_at
    as_operator.send("faults:acknowledge_many", ids=ids)
    fault = Fault.objects.get(pk=faults["open"].pk)
    assert (fault.state, fault.acknowledged_by) == ("Acknowledged", as_operator.user)
    assert Fault.objects.get(pk=faults["acknowledged"].pk).acknowledged_at == before
    assert Fault.objects.get(pk=faults["cleared"].pk).acknowledged_by is None
    changed = Entry.objects.filter(changes__has_key="state")
    assert [(entry.target_id, entry.changes) for entry in changed] == [(str(fault.pk), {"state": ["Open", "Acknowledged"]})]
    page = as_operator.see("faults:list", state="all")
    assert sum("disabled" in box.attributes for box in page.all("input", name="ids")) == 4


def test_acknowledging_nothing_says_so(as_operator: Visitor) -> None:
    as_operator.send("faults:acknowledge_many", ids=["1"])
    assert as_operator.see("faults:list").toasts == ["None of the selected faults can be acknowledged."]
