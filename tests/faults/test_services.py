"""Faults: one open for each source and key, raised and cleared by sets, acknowledged by people."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from portal.core.actors import Actor
from portal.faults import services
from portal.faults.context_processors import bell
from portal.faults.models import Fault
from tests.clock import NOW, SECOND
from tests.factories import AdministratorFactory, FaultFactory, OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


def fault(key: str, source: str = "test") -> Fault:
    return FaultFactory.build(source=source, key=key, raised_at=NOW)


def test_a_fault_is_raised_once_however_often_its_cause_is_found() -> None:
    assert services.raise_faults([fault("a"), fault("b")]) == 2
    assert services.raise_faults([fault("b"), fault("c")]) == 1
    assert sorted(Fault.objects.values_list("key", flat=True)) == ["a", "b", "c"]


def test_the_fault_that_is_open_stays_as_it_was_raised() -> None:
    services.raise_faults([fault("a")])
    before = Fault.objects.values().get()
    later = fault("a")
    later.description, later.raised_at = "something else", NOW + SECOND
    assert services.raise_faults([later]) == 0
    assert Fault.objects.values().get() == before


def test_the_same_key_of_another_source_is_another_fault() -> None:
    services.raise_faults([fault("a", "one")])
    assert services.raise_faults([fault("a", "other")]) == 1


def test_a_cleared_fault_can_be_raised_anew_and_keeps_its_old_row() -> None:
    services.raise_faults([fault("a")])
    services.clear_faults(Fault.objects.all(), NOW)
    assert services.raise_faults([fault("a")]) == 1
    assert sorted(each.state for each in Fault.objects.all()) == ["Cleared", "Open"]


def test_2500_faults_are_read_as_a_stream_and_raised_in_three_batches() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert services.raise_faults(fault(str(number)) for number in range(2500)) == 2500
    looks = [query for query in queries.captured_queries if query["sql"].startswith("SELECT")]
    assert len(looks) == 3
    assert Fault.objects.count() == 2500
    assert services.raise_faults(fault(str(number)) for number in range(2501)) == 1


def test_no_faults_cost_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert services.raise_faults([]) == 0
    assert len(queries) == 0


def test_the_database_itself_refuses_a_second_open_fault() -> None:
    FaultFactory(key="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        FaultFactory(key="a")
    FaultFactory(key="a", cleared_at=NOW)


def test_clearing_counts_the_open_ones_and_leaves_the_others() -> None:
    FaultFactory(cleared_at=NOW - SECOND)
    FaultFactory(acknowledged_at=NOW)
    FaultFactory()
    assert services.clear_faults(Fault.objects.all(), NOW) == 2
    assert services.clear_faults(Fault.objects.all(), NOW) == 0
    assert Fault.objects.filter(cleared_at=NOW).count() == 2


def test_acknowledging_says_who_and_when_and_keeps_the_fault_open() -> None:
    stored, actor = FaultFactory(), OperatorFactory()
    assert services.acknowledge(stored, Actor(actor), NOW)
    stored.refresh_from_db()
    assert (stored.acknowledged_by, stored.acknowledged_at, stored.state) == (actor, NOW, "Acknowledged")
    assert stored in Fault.objects.open()


def test_the_first_who_acknowledges_is_the_one() -> None:
    stored, first = FaultFactory(), OperatorFactory()
    services.acknowledge(stored, Actor(first), NOW)
    assert services.acknowledge(stored, Actor(OperatorFactory()), NOW + SECOND) is False
    stored.refresh_from_db()
    assert (stored.acknowledged_by, stored.acknowledged_at) == (first, NOW)


def test_a_cleared_fault_is_neither_acknowledged_nor_cleared_again() -> None:
    stored, actor = FaultFactory(), OperatorFactory()
    assert services.clear(stored, Actor(actor), NOW)
    assert services.clear(stored, Actor(actor), NOW + SECOND) is False
    assert services.acknowledge(stored, Actor(actor), NOW + SECOND) is False
    stored.refresh_from_db()
    assert (stored.cleared_at, stored.acknowledged_at, stored.state) == (NOW, None, "Cleared")


@pytest.mark.parametrize(("factory", "count"), [(UserFactory, None), (OperatorFactory, 2), (AdministratorFactory, 2)])
def test_the_bell_counts_what_waits_for_somebody_and_is_for_those_who_review(factory: type, count: int | None) -> None:
    FaultFactory()
    FaultFactory()
    FaultFactory(acknowledged_at=NOW)
    FaultFactory(cleared_at=NOW)
    request = RequestFactory().get("/")
    request.user = factory()
    assert bell(request) == {"open_faults": count}


def test_the_bell_is_not_there_for_a_visitor_or_a_page_without_a_user() -> None:
    request = RequestFactory().get("/")
    assert bell(request) == {"open_faults": None}
    request.user = AnonymousUser()
    assert bell(request) == {"open_faults": None}
