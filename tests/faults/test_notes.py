"""Notes on faults, and the undo of Acknowledge."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from portal.audit.history import about
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.faults import notes, services
from portal.faults.models import Fault, FaultNote
from tests.clock import NOW, SECOND
from tests.factories import FaultFactory, OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_note_says_who_wrote_what_and_when() -> None:
    fault, operator = FaultFactory(), OperatorFactory()
    notes.add(fault, "  Asked the team.\nThey replace it on Monday. ", Actor(operator), NOW)
    note = FaultNote.objects.get()
    assert (note.fault, note.author, note.created_at) == (fault, operator, NOW)
    assert note.text == "Asked the team.\nThey replace it on Monday."
    assert about(fault).get().changes == {"note": ["", note.text]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Enter a note."),
        (" \n ", "Enter a note."),
        ("x" * 1001, "1000 characters or fewer"),
        ("x" * 600 + "\n" + "x" * 600, "1,000 characters or fewer"),
        ("x" * 20_000, "1,000 characters or fewer"),
        ("hidden\u200btext", "invisible characters"),
        ("tpp_" + "a" * 10 + "\r\n" + "a" * 28, "API token"),
    ],
)
def test_an_invalid_note_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as error:
        notes.add(FaultFactory(), text, Actor(OperatorFactory()), NOW)
    assert error.value.field == "text"
    assert not FaultNote.objects.exists()


def test_a_fault_has_at_most_200_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST", 1)
    fault, actor = FaultFactory(), Actor(OperatorFactory())
    notes.add(fault, "first", actor, NOW)
    with pytest.raises(ServiceError, match="already has 1 notes"):
        notes.add(fault, "second", actor, NOW)


def test_the_database_rejects_an_empty_note() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        FaultNote.objects.create(fault=FaultFactory(), author=OperatorFactory(), text="", created_at=NOW)


def test_undo_makes_an_acknowledged_fault_open_again() -> None:
    fault, actor = FaultFactory(), Actor(OperatorFactory())
    services.acknowledge(fault, actor, NOW)
    assert services.undo_acknowledge(fault, actor)
    fault.refresh_from_db()
    assert (fault.state, fault.acknowledged_at, fault.acknowledged_by) == ("Open", None, None)
    assert about(fault).latest("pk").changes == {"state": ["Acknowledged", "Open"]}
    assert services.acknowledge(fault, actor, NOW + SECOND)


@pytest.mark.parametrize("columns", [{}, {"acknowledged_at": NOW, "cleared_at": NOW}])
def test_only_an_acknowledged_fault_can_be_undone(columns: dict[str, object]) -> None:
    fault = FaultFactory(**columns)
    before = Fault.objects.values().get()
    assert services.undo_acknowledge(fault, Actor(OperatorFactory())) is False
    assert Fault.objects.values().get() == before
    assert not about(fault).exists()


@pytest.mark.parametrize("act", [lambda fault, actor: notes.add(fault, "x", actor, NOW), services.undo_acknowledge])
def test_both_need_an_active_reviewer_when_they_write(act: object) -> None:
    fault = FaultFactory(acknowledged_at=NOW)
    for user in (UserFactory(), OperatorFactory(is_active=False)):
        with pytest.raises(PermissionDenied):
            act(fault, Actor(user))  # type: ignore[operator]
    assert Fault.objects.acknowledged().exists()
    assert not FaultNote.objects.exists()
