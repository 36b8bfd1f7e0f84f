"""Two who raise or acknowledge the same fault at the same moment."""

import pytest

from portal.core.actors import Actor
from portal.faults import services
from portal.faults.models import Fault
from tests.clock import NOW
from tests.factories import FaultFactory, OperatorFactory
from tests.racing import race, widen

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_who_raise_the_same_faults_at_once_leave_one_open_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Fault.objects, "bulk_create")
    results = race(*[lambda: services.raise_faults(FaultFactory.build(key=str(n), raised_at=NOW) for n in range(20))] * 3)
    assert all(isinstance(result, int) for result in results), results
    assert Fault.objects.open().count() == Fault.objects.count() == 20


def test_of_two_who_acknowledge_a_fault_one_did_it() -> None:
    fault, people = FaultFactory(), [OperatorFactory(), OperatorFactory()]
    results = race(*(lambda person=person: services.acknowledge(fault, Actor(person), NOW) for person in people))
    assert sorted(results) == [False, True]
    assert Fault.objects.get().acknowledged_by == people[results.index(True)]
