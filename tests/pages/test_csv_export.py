"""Lists as CSV: all that the filters select, in the list's order, without formulas or secrets, and recorded."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.core import csv_export
from portal.core.actors import Actor
from tests.factories import FaultFactory, ServiceFactory, TokenFactory, UserFactory
from tests.pages.visitor import Visitor
from tests.second_factor.steps import give_app
from tokens.models import Token

RUNS_ON = "both"
pytestmark = pytest.mark.django_db


def export(visitor: Visitor, path: str) -> list[dict[str, str]]:
    response: Any = visitor.get(path)
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment;")
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_all_that_matches_is_exported_in_the_order_of_the_list(as_administrator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_export, "BATCH", 3)
    for number in range(8):
        TokenFactory(name=f"deploy-{number}", last_used_at=timezone.now() if number % 2 else None)
    TokenFactory(name="other")
    page = as_administrator.see("tokens:all", q="deploy", sort="-last_used_at", per_page=10, page=1)
    address = page.one("a", "list-export").attributes["href"]
    rows = export(as_administrator, "/access-control/user-tokens/" + address)
    assert [row["Token Name"] for row in rows] == page.column("Token Name")
    assert len(rows) == 8
    assert [row["ID"] for row in rows] == [str(Token.objects.get(name=row["Token Name"]).pk) for row in rows]
    assert rows[0]["Created"].endswith("Z")
    assert {row["Status"] for row in rows} == {"active"}


def test_no_cell_is_a_formula_and_no_digest_is_exported(as_administrator: Visitor) -> None:
    assert [csv_export.cell(text) for text in ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "a=1", None)] == [
        *("'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "a=1", "")
    ]
    assert csv_export.cell("＝1+1") == "'＝1+1"
    assert csv_export.cell("  =1") == "'  =1"
    assert csv_export.cell("a;=1\n\t@b; c;d-e") == "a;'=1\n'\t'@b; c;d-e"  # a cell of its own where semicolons separate
    token = TokenFactory(name="=HYPERLINK(1)")
    (row,) = export(as_administrator, "/access-control/user-tokens/?format=csv")
    assert row["Token Name"] == "'=HYPERLINK(1)"
    assert bytes(token.digest).hex() not in str(row)


def test_an_export_is_recorded_without_what_was_searched_for(as_administrator: Visitor) -> None:
    export(as_administrator, "/access-control/user-tokens/?format=csv&status=active&q=tpp_secret")
    entry = Entry.objects.filter(event="list_exported").get()
    assert entry.actor == as_administrator.user
    assert (entry.details["list"], entry.details["filters"]) == ("tokens", "status=active")
    assert "secret" not in str(entry.details)


def test_no_filter_that_makes_no_sense_reaches_the_audit_trail(as_administrator: Visitor) -> None:
    for path in ("/access-control/user-tokens/", "/administrator/users/", "/administrator/faults/"):
        export(as_administrator, f"{path}?format=csv&x=1&%00=%00&status=%00&role=nobody&state=nonsense&created_by=%00&after=x")
    entries = Entry.objects.filter(event="list_exported")
    assert [entry.details["filters"] for entry in entries] == ["", "", ""]


def test_users_and_faults_are_exported_with_their_filters(as_administrator: Visitor) -> None:
    UserFactory(username="wanted@example.com", role="operator")
    FaultFactory(resource="Ä", severity="critical")
    FaultFactory(severity="warning")
    (user,) = export(as_administrator, "/administrator/users/?format=csv&role=operator")
    assert (user["Username"], user["Roles"], user["Active tokens"], user["Status"]) == ("wanted@example.com", "operator", "0", "active")
    (fault,) = export(as_administrator, "/administrator/faults/?format=csv&severity=critical")
    assert (fault["Resource"], fault["State"]) == ("Ä", "Open")


def test_nobody_exports_what_they_do_not_see(as_operator: Visitor) -> None:
    assert as_operator.get("/access-control/user-tokens/?format=csv").status_code == 403
    assert as_operator.get("/administrator/users/?format=csv").status_code == 403
    assert as_operator.get("/administrator/faults/?format=csv").status_code == 200


def test_an_export_is_asked_for_as_the_threads_are_chosen(as_administrator: Visitor) -> None:
    """A page's thread never makes an export: portal/asgi.py reads the address as it is written."""
    assert not as_administrator.get("/access-control/user-tokens/?form%61t=csv").streaming


def test_an_empty_export_has_its_headings(as_administrator: Visitor) -> None:
    response: Any = as_administrator.get("/access-control/user-tokens/?format=csv")
    assert b"".join(response.streaming_content).decode().startswith("ID,Token Name,")


def test_users_are_filtered_by_role_kind_status_and_expiring_tokens(as_administrator: Visitor) -> None:
    now = timezone.now()
    config.add("token_expiration_days", "7", Actor(as_administrator.user))
    soon = UserFactory(username="soon@example.com")
    TokenFactory(user=soon, expires_at=now + timedelta(days=2))
    ServiceFactory(username="robot")
    UserFactory(username="gone@example.com", is_active=False)
    invited = UserFactory(username="invited@example.com")
    invited.set_unusable_password()
    invited.save()

    def found(**filters: str) -> set[str]:
        page = as_administrator.see("users:list", **filters)
        return {row[0].split()[0] for row in page.rows}

    assert found(kind="service") == {"robot"}
    assert found(status="inactive") == {"gone@example.com"}
    assert found(status="invited") == {"invited@example.com"}
    assert found(tokens="expiring") == {"soon@example.com"}
    give_app(soon)
    assert found(two_factor="on") == {"soon@example.com"}
    assert found(two_factor="off") == {"gone@example.com", "invited@example.com", as_administrator.user.username}
    assert found(role="administrator") == {as_administrator.user.username}
    assert len(found(role="nonsense")) == 5
