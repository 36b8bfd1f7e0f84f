"""The bell: its number is asked for again while a page is open, and its menu lists the newest faults."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.faults import bell
from tests.factories import FaultFactory
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db


def test_the_bell_says_nothing_while_its_number_is_the_same(as_operator: Visitor) -> None:
    url = reverse("faults:bell")
    assert as_operator.get(url, {"shown": "0"}).status_code == 204
    FaultFactory()
    response = as_operator.get(url, {"shown": "0"})
    assert (response.status_code, b'data-shown="1"' in response.content) == (200, True)
    assert as_operator.get(url, {"shown": "1"}).status_code == 204


def test_asking_costs_one_count_beside_the_session_and_keeps_no_session_alive(as_operator: Visitor) -> None:
    ends = as_operator.session.get_expiry_date()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        as_operator.get(reverse("faults:bell"), {"shown": "0"})
    written = [each["sql"] for each in queries if not each["sql"].startswith("SELECT")]
    assert written == []
    assert len([each for each in queries if "faults_fault" in each["sql"]]) == 1
    assert len(queries) <= 4
    assert as_operator.session.get_expiry_date() == ends


def test_more_than_the_bell_shows_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "MOST_COUNTED", 2)
    for _ in range(3):
        FaultFactory()
    assert bell.count() == 2


def test_the_menu_lists_the_newest_open_faults_and_the_way_to_all(as_operator: Visitor) -> None:
    now = timezone.now()
    faults = [FaultFactory(resource=f"token {age}", raised_at=now - timedelta(days=age)) for age in range(1, 11)]
    FaultFactory(resource="cleared", raised_at=now, cleared_at=now)
    FaultFactory(resource="seen", raised_at=now, acknowledged_at=now)
    page = as_operator.see("faults:newest")
    items = page.all("a", "bell-fault")
    assert [item.attributes["href"] for item in items] == [reverse("faults:fault", args=[fault.pk]) for fault in faults[:8]]
    assert "token 1" in items[0].text
    assert "yesterday" in items[0].text
    assert page.all("a", "bell-all")[0].attributes["href"] == reverse("faults:list")


def test_without_faults_the_menu_says_so(as_operator: Visitor) -> None:
    assert "No open faults." in as_operator.see("faults:newest").text
