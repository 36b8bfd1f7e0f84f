"""`GET /audit`: the sealed entries of the audit trail in their order, for a program that remembers how far it has read."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.api.audit_schemas import AuditPage
from portal.audit import sealing
from portal.audit.formats import as_line
from portal.audit.models import Entry
from tests.api.caller import Caller
from tests.audit.stream.sealed import add
from tests.clock import MINUTE, NOW
from tests.factories import issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(db: None) -> Caller:
    """An operator; what has been recorded until now is sealed, and left out."""
    made = Caller("operator")
    sealing.seal_all(NOW)
    return made


def read(caller: Caller, **query: Any) -> dict[str, Any]:
    response = caller.call("GET", "/audit", query)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_program_reads_every_entry_once_and_in_order(caller: Caller) -> None:
    start = read(caller, limit=1000)["next"]
    add(7)
    after, found, rounds = start, [], []
    for _ in range(4):
        page = read(caller, after=after, limit=3)
        found += [entry["sequence"] for entry in page["items"]]
        rounds.append((len(page["items"]), page["more"]))
        after = page["next"]
    assert found == list(range(start + 1, start + 8))
    assert rounds == [(3, True), (3, True), (1, False), (0, False)]
    add(1)
    assert [entry["sequence"] for entry in read(caller, after=after)["items"]] == [start + 8]


def test_an_entry_is_what_the_other_formats_hold(caller: Caller) -> None:
    add(
        1, changes={"role": ["user", "operator"]}, address="2001:db8::1", target_name="grüße", credential_kind="token", credential_name="ci"
    )
    entry = Entry.objects.latest("sequence")
    (item,) = read(caller, after=(entry.sequence or 0) - 1)["items"]
    assert item == json.loads(as_line(entry))


def test_the_document_describes_the_response(caller: Caller) -> None:
    """The response does not pass through the schema."""
    add(1, changes={"role": ["user", "operator"]}, credential_kind="session", actor_id=caller.user.pk)
    page = read(caller, limit=1000)
    shown = AuditPage.model_validate(page).model_dump()
    for item, described in zip(page["items"], shown["items"], strict=True):
        assert item.keys() == described.keys()
        assert {name for part in ("actor", "credential", "target") for name in item[part] or {}} <= {
            name for part in ("actor", "credential", "target") for name in described[part] or {}
        }


def test_what_is_not_sealed_does_not_appear(caller: Caller) -> None:
    start = read(caller, limit=1000)["next"]
    add(1, open_until=NOW + MINUTE)
    assert read(caller, after=start)["items"] == []


def test_an_empty_page_costs_one_look_into_an_index(caller: Caller) -> None:
    start = read(caller, limit=1000)["next"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert read(caller, after=start) == {"items": [], "next": start, "more": False}
    (found,) = [query["sql"] for query in queries if "audit_entry" in query["sql"]]
    assert "COUNT" not in found


@pytest.mark.parametrize(
    "query", [{"after": -1}, {"after": "x"}, {"after": 2**63}, {"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"q": "x"}]
)
def test_bad_parameters_are_rejected(query: dict[str, Any], caller: Caller) -> None:
    assert caller.call("GET", "/audit", query).status_code == 422


def test_a_token_in_the_address_is_not_looked_up(caller: Caller) -> None:
    _, text = issue(caller.user)
    assert caller.call("GET", "/audit", {"after": text}).status_code == 422
