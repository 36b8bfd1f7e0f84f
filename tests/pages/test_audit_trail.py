"""The audit trail's page: what it shows of an entry, how it is filtered and searched, and its files."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

import settings_app.services as config
from portal.audit.models import Entry
from portal.core import csv_export
from portal.core.actors import Actor
from portal.users.models import FormerName, User
from tests import clock
from tests.audit_entries import HASH, entry, forget_sign_ins, sealed
from tests.factories import PASSWORD, FaultFactory, TokenFactory, UserFactory
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db
LIST = "/administrator/audit/"


def names(visitor: Visitor, **query: Any) -> list[str]:
    """The targets that the list shows."""
    page = visitor.see(LIST, **query)
    return [cell.removeprefix("Token ") for cell in page.column("On what")] if page.columns else []


@pytest.fixture
def as_administrator(as_administrator: Visitor) -> Visitor:
    forget_sign_ins()
    return as_administrator


@pytest.fixture
def as_operator(as_operator: Visitor) -> Visitor:
    forget_sign_ins()
    return as_operator


def test_a_row_says_who_did_what_to_what_from_where_and_by_what(as_administrator: Visitor) -> None:
    entry(
        as_administrator.user,
        changes={"revoked_at": ["", "2026-11-21T09:30:00+00:00"]},
        address="192.0.2.7",
        credential_kind="token",
        credential_id="x",
        credential_name="ci",
        credential_hint="tpp_…abcd",
        credential_owner="bob@example.com",
        channel="api",
    )
    (row,) = as_administrator.see(LIST).rows
    assert row[1:] == [
        "Token revoked Revoked at: 2026-11-21 09:30:00 UTC",
        "alice@example.com",
        "Token deploy (tpp_…4f2k)",
        "ci (tpp_…abcd) of bob@example.com",
        "API",
        "192.0.2.7",
    ]


def test_what_the_portal_did_by_itself_and_repetitions_are_named(as_operator: Visitor) -> None:
    entry(None, "sign_in_failed", target_kind="account", target_name="unknown account", count=12)
    (row,) = as_operator.see(LIST).rows
    assert row[1:4] == ["Failed sign-in × 12", "The portal", "Account unknown account"]


def test_links_lead_to_what_still_exists_and_may_be_seen(as_administrator: Visitor, as_operator: Visitor) -> None:
    token, fault, gone = TokenFactory(), FaultFactory(), UserFactory(deleted_at=clock.now(), is_active=False)
    entry(as_administrator.user, target_id=str(token.pk))
    entry(gone, "fault.acknowledged", target_kind="fault", target_id=str(fault.pk))
    entry(None, target_id="no such id")

    def links(visitor: Visitor) -> list[str]:
        cells = [
            cell
            for row in visitor.see(LIST).all("tbody")[0].all("tr")
            for name in ("col-who", "col-target")
            for cell in row.all("td", name)
        ]
        return [link.attributes["href"] for cell in cells for link in cell.all("a") if "filter-by" not in link.attributes.get("class", "")]

    fault_page, token_page = f"/faults/{fault.pk}/", f"/tokens/{token.pk}/"
    assert links(as_administrator) == [fault_page, "/administrator/users/alice@example.com/", token_page]
    assert links(as_operator) == [fault_page, token_page]


def test_each_value_filters_the_list_and_keeps_the_other_filters(as_administrator: Visitor) -> None:
    values = {"address": "192.0.2.7", "credential_kind": "session", "credential_id": "4f2a", "request_id": "aaaabbbb"}
    entry(as_administrator.user, target_name="wanted", **values)
    entry(UserFactory(), "user.created", target_name="other", target_kind="user", target_id="1", channel="api")
    page = as_administrator.see(LIST, from_day="2020-01-01")
    first = next(row for row in page.all("tbody")[0].all("tr") if "wanted" in row.text)
    addresses = [link.attributes["href"] for link in first.all("a", "filter-by")]
    assert len(addresses) == 6
    for address in addresses:
        assert "from_day=2020-01-01" in address
        assert [row[3] for row in as_administrator.see(address).rows] == ["Token wanted"]


def test_filters_by_day_event_kind_user_and_request(as_administrator: Visitor) -> None:
    bob = UserFactory(username="bob@example.com")
    entry(bob, target_name="old", at=clock.now() - timedelta(days=40), request_id="r1")
    entry(None, "user.created", target_kind="user", target_id=str(bob.pk), target_name="bob", request_id="r1")
    entry(None, "signed_in", target_name="new")
    today = clock.now().date()
    assert names(as_administrator, from_day=today - timedelta(days=2)) == ["new", "User bob"]
    assert names(as_administrator, to_day=today - timedelta(days=2)) == ["old"]
    assert names(as_administrator, event="user.created") == ["User bob"]
    assert names(as_administrator, kind="user") == ["User bob"]
    assert names(as_administrator, who="BOB@example.com") == ["old"]
    FormerName.objects.create(user=bob, name="Bobby@example.com", changed_at=clock.now())
    assert names(as_administrator, who="bobby@example.com") == ["old"]
    assert names(as_administrator, user=bob.pk) == ["User bob", "old"]
    assert names(as_administrator, request="r1") == ["User bob", "old"]
    assert names(as_administrator, event="group.member_added") == []  # of an app that registers nothing


@pytest.mark.parametrize("query", ["event=nonsense!", "who=%00", "kind=%00", "from_day=soon", "user=x", "channel=%00", "after=x", "page=0"])
def test_a_filter_that_makes_no_sense_filters_nothing_out(as_administrator: Visitor, query: str) -> None:
    entry()
    assert len(as_administrator.see(f"{LIST}?{query}").rows) == 1


@pytest.mark.parametrize(
    "query", ["target=%00", "address=x", "address=fe80::1%25eth0", "user=99999999999999999999", "q=%F0%9F%98%80", "credential=:"]
)
def test_a_filter_that_nothing_can_match_shows_nothing(as_administrator: Visitor, query: str) -> None:
    entry(credential_kind="session", credential_id="4f2a")
    page = as_administrator.see(f"{LIST}?{query}")
    assert page.status == 200


def test_search_finds_names_by_their_beginning_addresses_and_requests(as_administrator: Visitor) -> None:
    entry(as_administrator.user, target_name="Élan", address="192.0.2.7", request_id="0123456789abcdef")
    entry(None, target_name="other")
    for text in ("ela", "ALICE", "192.0.2.7", "0123456789abcdef"):
        assert names(as_administrator, q=text) == ["Élan"]
    assert names(as_administrator, q="lan") == []


def test_a_chip_names_what_a_link_filters_by_and_takes_it_away(as_administrator: Visitor) -> None:
    entry(target_name="wanted")
    entry(target_id="x", target_name="other")
    page = as_administrator.see(LIST, target="token:x", channel="page")
    chip = page.one("li", "filter-chip")
    assert chip.text == "Target: Token other"
    assert names(as_administrator.see(chip.one("a").attributes["href"]) and as_administrator, channel="page") == ["other", "wanted"]


def test_the_page_of_an_entry_has_all_of_it(as_operator: Visitor) -> None:
    long = "x" * 300
    found = sealed(
        77,
        actor=as_operator.user,
        event="user.changed",
        changes={"display_name": ["Old", long]},
        details={"list": "tokens"},
        request_id="r1",
        user_agent="curl/8",
        credential_kind="session",
        credential_id="4f2a1b3c5d6e7f80",
    )
    other = entry(None, request_id="r1")
    page = as_operator.see("audit:entry", found.pk)
    for text in (
        "Sealed",
        "User changed",
        "oscar@example.com",
        "Session 4f2a1b3c",
        "curl/8",
        "r1",
        "77",
        HASH.hex(),
        HASH[::-1].hex(),
        "tokens",
    ):
        assert text in page.text
    assert page.one("table", "audit-changes").all("td")[0].text == "Old"
    assert page.one("details").one("bdi", "audit-long").text == long
    assert page.one("a", href=f"{LIST}{other.pk}/").text == "Token revoked"
    assert "Not yet sealed" in as_operator.see("audit:entry", other.pk).text
    assert as_operator.see("audit:entry", 10**17).status == 404


def test_all_that_matches_is_exported_as_csv_and_as_ndjson(as_operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_export, "BATCH", 3)
    for number in range(8):
        entry(as_operator.user, target_name=f"=cmd-{number}", changes={"name": ["a", "b"]}, at=clock.now() - timedelta(minutes=number))
    entry(None, "signed_in")
    page = as_operator.see(LIST, event="token.revoked")
    addresses = [link.attributes["href"] for link in page.all("a", "list-export")]
    table, lines = (as_operator.get(f"{LIST}{address}") for address in addresses)
    assert (table["Content-Type"], lines["Content-Type"]) == ("text/csv; charset=utf-8", "application/x-ndjson")
    assert table.getvalue().decode().count("'=cmd-") == 8
    rows = [json.loads(line) for line in lines.getvalue().decode().splitlines()]
    assert [row["target"]["name"] for row in rows] == [f"=cmd-{number}" for number in range(8)]
    assert rows[0]["changes"] == {"name": {"before": "a", "after": "b"}}
    assert rows[0]["actor"] == {"id": as_operator.user.pk, "name": "oscar@example.com"}


def test_an_export_of_nothing_is_an_empty_file(as_operator: Visitor) -> None:
    assert as_operator.get(f"{LIST}?format=ndjson&event=signed_in").getvalue() == b""


def test_a_page_costs_the_same_queries_with_many_entries(as_administrator: Visitor, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        entry(UserFactory(), target_id=str(TokenFactory().pk), target_name=str(number))
    with django_assert_max_num_queries(12):
        as_administrator.get(LIST)
    assert Entry.objects.count() >= 20


def test_an_entry_costs_the_same_queries_with_many_of_its_request(as_administrator: Visitor, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        entry(UserFactory(), request_id="one-request", target_name=f"target {number}")
    with django_assert_max_num_queries(14):
        page = as_administrator.see("audit:entry", Entry.objects.filter(request_id="one-request").first().pk)
    assert "target 19" in page.text


def test_the_tab_of_a_user_shows_what_they_did_and_what_was_done_to_them(as_administrator: Visitor) -> None:
    bob = UserFactory(username="bob@example.com")
    entry(bob, target_name="by bob")
    entry(as_administrator.user, "user.changed", target_kind="user", target_id=str(bob.pk), target_name="about bob")
    entry(as_administrator.user, target_name="neither")
    page = as_administrator.see("users:audit", bob.username)
    assert page.column("On what") == ["User about bob", "Token by bob"]
    assert page.one("nav", aria_label="Tabs").one("a", "active").text == "Audit"
    everything = as_administrator.see(page.one("a", href=f"{LIST}?user={bob.pk}").attributes["href"])
    assert everything.one("li", "filter-chip").text == "User: about bob"
    assert len(everything.rows) == 2


def test_bookmarks_of_the_former_page_lead_to_the_new_one(as_operator: Visitor) -> None:
    response = as_operator.get("/admin/auditlog/logentry/?event=signed_in&remote_addr=192.0.2.7&resource_type=4")
    assert response["Location"] == f"{LIST}?event=signed_in&address=192.0.2.7"
    assert as_operator.get("/admin/auditlog/logentry/7/change/")["Location"] == LIST


def test_the_list_has_saved_filters(as_operator: Visitor) -> None:
    entry(target_name="wanted")
    entry(None, "signed_in")
    as_operator.send("saved_filters", list="audit", name="Revoked", query="event=token.revoked")
    link = as_operator.see("saved_filters", list="audit").one("ul", "saved-filters").one("a")
    assert [row[3] for row in as_operator.see(link.attributes["href"]).rows] == ["Token wanted"]


def test_sessions_and_settings_link_their_entries(administrator: User) -> None:
    config.add("session_minutes", "60", Actor(administrator))
    visitor = Visitor()
    visitor.send("account_login", login=administrator.username, password=PASSWORD)
    visitor.post(reverse("tokens:temporary"), headers={"Accept": "application/json"})
    link = next(each for each in visitor.see("sessions:of_user", administrator.username).all("a", "created-by"))
    assert visitor.see(link.attributes["href"]).column("What") == ["Temporary token revealed", "Signed in"]
    menu = visitor.see("settings:config").one("a", href=f"{LIST}?target=setting:session_minutes")
    assert visitor.see(menu.attributes["href"]).column("What") == ["Setting created Value: 60"]
