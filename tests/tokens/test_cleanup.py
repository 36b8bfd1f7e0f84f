"""What is deleted after 90 days, and what is kept for ever."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from post_office.models import STATUS, Email

from portal.faults.models import Fault
from portal.notifications import emails as mail
from tests.clock import DAY, SECOND
from tests.factories import FaultFactory, TokenFactory
from tests.tokens.scans import OPS, configure, deliver, ending, scan, told
from tokens import tasks
from tokens.models import Digest, Notice, ScanRun, Token

pytestmark = pytest.mark.django_db


def test_only_what_ended_more_than_90_days_ago_goes() -> None:
    now = timezone.now()
    old, young, before = now - 90 * DAY - 60 * SECOND, now - 90 * DAY + 60 * SECOND, now - 500 * DAY
    temporary = {"kind": Token.Kind.TEMPORARY, "created_at": before}
    TokenFactory(expires_at=old, name="temporary, old", **temporary)
    TokenFactory(expires_at=young, name="temporary, young", **temporary)
    TokenFactory(expires_at=before + DAY, created_at=before, name="permanent, old", revoked_at=before)
    for started_at in (old, young):
        ScanRun.objects.create(asked_by="schedule", started_at=started_at, finished_at=started_at)
    FaultFactory(raised_at=old, cleared_at=old)
    Session.objects.create(session_key="old", expire_date=now - SECOND)
    Session.objects.create(session_key="young", expire_date=now + 60 * SECOND)
    tasks.clean_up()
    assert set(Token.objects.values_list("name", flat=True)) == {"temporary, young", "permanent, old"}
    assert ScanRun.objects.get().started_at == young
    assert Session.objects.get().session_key == "young"
    assert Fault.objects.count() == 1


def test_finished_mails_go_and_waiting_ones_stay_while_the_notices_are_kept() -> None:
    now = timezone.now()
    emails = {status: mail.queue(["a@example.com"], "x", "y") for status in STATUS}
    for status, email in emails.items():
        Email.objects.filter(pk=email.pk).update(status=status, last_updated=now - 91 * DAY)
    young = mail.queue(["a@example.com"], "x", "y")
    Email.objects.filter(pk=young.pk).update(status=STATUS.sent)
    digest = Digest.objects.create(address="a@example.com", email=emails[STATUS.sent], created_at=now)
    Notice.objects.create(token=TokenFactory(), threshold=15, address="a@example.com", digest=digest, created_at=now)
    tasks.clean_up()
    assert {email.status for email in Email.objects.exclude(pk=young.pk)} == {STATUS.queued, STATUS.requeued}
    assert Email.objects.filter(pk=young.pk).exists()
    assert Notice.objects.get().digest.email is None


def test_a_scan_that_is_not_finished_is_kept_however_long_ago_it_began() -> None:
    ScanRun.objects.create(asked_by="command", started_at=timezone.now() - 200 * DAY)
    tasks.clean_up()
    assert ScanRun.objects.exists()


def test_what_was_told_is_known_when_its_scan_and_its_mail_are_deleted() -> None:
    now = timezone.now()
    configure("300", OPS)
    ending(200, now=now)
    scan(now - 95 * DAY)
    deliver(now)
    Email.objects.update(last_updated=now - 91 * DAY)
    ScanRun.objects.update(finished_at=now - 91 * DAY)
    tasks.clean_up()
    assert not ScanRun.objects.exists()
    assert not Email.objects.exists()
    assert (Digest.objects.get().run, Digest.objects.get().email, Digest.objects.get().state) == (None, None, "sent")
    assert told(scan(now)) == {}
