"""What is deleted after 90 days, and what is kept for ever."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications import services as notifications
from portal.notifications.models import Message
from tests.clock import DAY, SECOND
from tests.factories import FaultFactory, TokenFactory
from tests.notifications.rejecting import queue
from tests.tokens.scans import OPS, configure, deliver, ending, scan, told
from tokens import tasks
from tokens.expiry.digest import DIGEST
from tokens.models import Notice, ScanRun, Token

pytestmark = pytest.mark.django_db


def test_only_what_ended_more_than_90_days_ago_goes() -> None:
    now = timezone.now()
    old, young, before = now - 90 * DAY - 60 * SECOND, now - 90 * DAY + 60 * SECOND, now - 500 * DAY
    temporary = {"kind": Token.Kind.TEMPORARY, "created_at": before}
    TokenFactory(expires_at=old, name="temporary, old", **temporary)
    TokenFactory(expires_at=young, name="temporary, young", **temporary)
    TokenFactory(expires_at=before + DAY, created_at=before, name="permanent, old", revoked_at=before)
    for started_at in (old, young):
        ScanRun.objects.create(triggered_by="schedule", started_at=started_at, finished_at=started_at)
    FaultFactory(raised_at=old, cleared_at=old)
    Session.objects.create(session_key="old", expire_date=now - SECOND)
    Session.objects.create(session_key="young", expire_date=now + 60 * SECOND)
    tasks.clean_up()
    assert set(Token.objects.values_list("name", flat=True)) == {"temporary, young", "permanent, old"}
    assert ScanRun.objects.get().started_at == young
    assert Session.objects.get().session_key == "young"
    assert Fault.objects.count() == 1


def test_finished_messages_go_and_waiting_ones_and_digests_stay() -> None:
    now = timezone.now()
    old, young = now - 91 * DAY, now - 89 * DAY
    for at in (old, young):
        for state in Message.State.values:
            sent_at = at if state == "sent" else None
            message = queue("a@example.com", f"{state} {at == old}")
            Message.objects.filter(pk=message.pk).update(state=state, last_attempt_at=at, sent_at=sent_at)
    message = notifications.queue(DIGEST, ["a@example.com"], now=old)[0]
    Message.objects.filter(pk=message.pk).update(state="sent", last_attempt_at=old, sent_at=old)
    Notice.objects.create(token=TokenFactory(), threshold=15, address="a@example.com", message=message, created_at=now)
    tasks.clean_up()
    left = Message.objects.filter(kind="library", last_attempt_at=old).values_list("state", flat=True)
    assert set(left) == {"queued", "sending"}
    assert Message.objects.filter(kind="library", last_attempt_at=young).count() == 4
    assert Notice.objects.get().message == message


def test_a_scan_that_is_not_finished_is_kept_however_long_ago_it_began() -> None:
    ScanRun.objects.create(triggered_by="command", started_at=timezone.now() - 200 * DAY)
    tasks.clean_up()
    assert ScanRun.objects.exists()


def test_what_was_told_is_known_when_its_scan_and_its_mail_are_deleted() -> None:
    now = timezone.now()
    configure("300", OPS)
    ending(200, now=now)
    scan(now - 95 * DAY)
    deliver(now)
    Message.objects.update(last_attempt_at=now - 91 * DAY)
    ScanRun.objects.update(finished_at=now - 91 * DAY)
    tasks.clean_up()
    assert not ScanRun.objects.exists()
    assert Message.objects.get().state == "sent"
    assert told(scan(now)) == {}
