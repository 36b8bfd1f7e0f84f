"""System Settings: the last scans, the bar while one runs, Scan now."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from tests.clock import MINUTE, NOW
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens import tasks
from tokens.expiry import panels
from tokens.models import ScanRun

pytestmark = pytest.mark.django_db
COLUMNS = ["Started", "Duration", "Triggered by", "Due", "Raised", "Cleared", "Emails", "Result"]


def finished(minutes_ago: int = 0, took: float = 1.5, **values: Any) -> ScanRun:
    start = timezone.now() - minutes_ago * MINUTE
    values = {"triggered_by": "schedule", "finished_at": start + timedelta(seconds=took), **values}
    return ScanRun.objects.create(started_at=start, **values)


def unfinished(lease: timedelta = MINUTE, **values: Any) -> ScanRun:
    now = timezone.now()
    return ScanRun.objects.create(triggered_by="schedule", started_at=now, lease_until=now + lease, **values)


def card(visitor: Visitor) -> Any:
    return visitor.see("settings:config").one("section", "scans")


def rows(visitor: Visitor) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in card(visitor).one("tbody").all("tr")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the task was asked for with."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.scan_tokens, "apply_async", lambda **options: found.append(options["kwargs"]))
    return found


def test_before_the_first_scan_a_sentence_stands_there(as_administrator: Visitor) -> None:
    found = card(as_administrator)
    assert "No scan has run yet." in found.text
    assert found.all("table") == found.all("progress") == []


@pytest.mark.usefixtures("in_utc")
def test_a_scan_is_shown_with_what_it_did_and_who_asked(as_administrator: Visitor) -> None:
    finished(20, took=0.04, due=1812, raised=41, cleared=3, queued=2)
    finished(5, took=125, triggered_by="person", person=as_administrator.user)
    assert [head.text for head in card(as_administrator).all("th")] == COLUMNS
    first, second = rows(as_administrator)
    assert first[1:] == ["2 min 5 s", "Scan now (alice@example.com)", "0", "0", "0", "0", "Done"]
    assert second[1:] == ["40 ms", "Schedule", "1,812", "41", "3", "2", "Done"]
    assert first[0].endswith(" minutes ago")


def test_the_last_ten_are_shown_newest_first(as_administrator: Visitor) -> None:
    for number in range(12):
        finished(12 - number, due=number)
    assert [row[3] for row in rows(as_administrator)] == [str(number) for number in range(11, 1, -1)]


def test_a_failure_and_a_run_whose_process_died_say_so(as_administrator: Visitor) -> None:
    finished(error="Operational<b>Error</b>")
    unfinished(lease=-MINUTE)
    interrupted, failed = rows(as_administrator)
    assert interrupted[-1] == "Interrupted its process ended; the next scan does the rest"
    assert interrupted[1] == "—"
    assert failed[-1] == "Failed Operational<b>Error</b>"
    assert card(as_administrator).all("progress") == []


def polls(found: Any) -> bool:
    return any("load" in element.attributes.get("hx-trigger", "") for element in found.walk())


def test_while_a_scan_runs_a_bar_moves_and_the_card_is_polled(as_administrator: Visitor) -> None:
    finished()
    assert not polls(card(as_administrator))
    unfinished()
    found = card(as_administrator)
    assert "value" not in found.one("progress").attributes
    assert "A scan is running." in found.text
    assert polls(found)
    assert rows(as_administrator)[0][-1] == "Running"


def test_a_running_scan_shows_what_its_batches_have_done(as_administrator: Visitor) -> None:
    unfinished(raised=5000)
    assert "A scan is running: 5,000 faults raised so far." in card(as_administrator).text


def poll(visitor: Visitor, **query: str) -> Page:
    return Page(Visitor(visitor.user, htmx="scans").get("/administrator/system-settings/scans/", query))


def test_a_poll_is_answered_with_the_card_alone_and_tells_when_a_scan_has_finished(as_administrator: Visitor) -> None:
    run = unfinished()
    page = poll(as_administrator, seen="")
    assert page.all("html") == []
    assert polls(page)
    assert "HX-Trigger" not in page.response
    ScanRun.objects.update(finished_at=timezone.now())
    page = poll(as_administrator, seen="")
    assert page.response["HX-Trigger"] == "scan-finished"
    assert not polls(page)
    assert page.value("seen") == str(run.pk)
    assert "HX-Trigger" not in poll(as_administrator, seen=str(run.pk)).response


def test_after_a_change_the_card_is_looked_at_three_times_and_no_more(as_administrator: Visitor) -> None:
    finished()
    looks = 0
    later = "3"
    while later:
        page = poll(as_administrator, later=later)
        looks += 1
        later = next((each.attributes["hx-vals"] for each in page.walk() if "hx-vals" in each.attributes), "").strip('{"later: }')
    assert looks == 3
    assert not polls(poll(as_administrator, later="1000000"))


def test_without_htmx_the_part_leads_to_the_page(as_administrator: Visitor) -> None:
    response = as_administrator.get("/administrator/system-settings/scans/")
    assert response["Location"] == "/administrator/system-settings/config/"


@pytest.mark.parametrize("htmx", ["", "scans"])
def test_scan_now_asks_for_a_scan_in_the_name_of_who_clicked(
    htmx: str,
    as_administrator: Visitor,
    asked: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    visitor = Visitor(as_administrator.user, htmx=htmx)
    unfinished(lease=-MINUTE)  # its process died: that is no scan at work
    with django_capture_on_commit_callbacks(execute=True):
        response = visitor.send("tokens:scan_now")
    assert asked == [{"triggered_by": "person", "person_id": as_administrator.user.pk}]
    said = toast(response)["text"] if htmx else visitor.see("settings:config").toasts[0]
    assert said.startswith("Scan requested.")
    if htmx:
        assert '"list-changed": true' in response["HX-Trigger"]


@pytest.mark.usefixtures("in_utc")
def test_a_second_click_while_a_scan_runs_says_so_and_asks_for_nothing(
    as_administrator: Visitor,
    asked: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    run = unfinished()
    as_administrator.htmx = "scans"
    with django_capture_on_commit_callbacks(execute=True):
        said = toast(as_administrator.send("tokens:scan_now"))
    assert said == {"text": f"A scan is already running, since {run.started_at:%H:%M:%S} UTC.", "level": "error"}
    assert asked == []


def test_the_task_carries_out_what_the_click_asked_for(as_administrator: Visitor) -> None:
    tasks.scan_tokens(triggered_by="person", person_id=as_administrator.user.pk)
    assert rows(as_administrator)[0][2] == "Scan now (alice@example.com)"


def test_the_number_of_queries_does_not_grow_with_the_scans(as_administrator: Visitor) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            as_administrator.see("settings:config")
        return len(captured)

    finished(20, triggered_by="person", person=as_administrator.user)
    few = queries()
    for number in range(9):
        finished(number, triggered_by="person", person=as_administrator.user)
    assert queries() == few


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 ms"),
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1.0 s"),
        (3.21, "3.2 s"),
        (59.97, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.6, "1 h 0 min"),
        (3725, "1 h 2 min"),
    ],
)
def test_a_time_is_written_as_a_reader_would_say_it(seconds: float, words: str) -> None:
    assert panels.duration(NOW + timedelta(seconds=seconds) - NOW) == words
