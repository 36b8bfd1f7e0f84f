"""Emails and digests of the former release move into the outbox: none is lost, none is sent twice, and who was notified is kept."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.core import mail as sent_mail
from django.db import connection
from django.utils import timezone

from portal.notifications import delivery
from portal.notifications.migrations._post_office import FAILED, QUEUED, REQUEUED, SENT, PostOfficeEmail
from portal.notifications.models import Message
from portal.users import emails
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import UserFactory
from tests.tokens.scans import OPS, configure, ending, scan
from tokens import former_emails
from tokens.models import Notice

pytestmark = pytest.mark.django_db
migration = import_module("tokens.migrations.0014_messages_of_former_emails")


@pytest.fixture(autouse=True)
def _former_table(db: None) -> None:
    """Undone with the test's transaction."""
    statement, parameters = connection.SchemaEditorClass(connection).table_sql(PostOfficeEmail)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def email(status: int, to: str = OPS, **values: Any) -> PostOfficeEmail:
    values = {"subject": "Hello", "message": "", "html_message": "", "message_id": f"<{PostOfficeEmail.objects.count()}@former>", **values}
    return PostOfficeEmail.objects.create(to=to, status=status, created=NOW, last_updated=NOW, **values)


def digest(state: str, row: PostOfficeEmail | None, name: str, **values: Any) -> None:
    """A digest with a notice, as the former release wrote them."""
    values = {"message_id": "", "attempts": 0, "last_error": "", **values}
    former = migration.Digest.objects.create(address=OPS, created_at=NOW, state=state, email_id=row and row.pk, **values)
    notice = Notice.objects.create(token=ending(5, name=name), threshold=15, address=OPS, created_at=NOW)
    migration.Notice.objects.filter(pk=notice.pk).update(digest_id=former.pk)


def rows() -> dict[str, tuple[str, int]]:
    return {
        name: (state, attempts)
        for name, state, attempts in Notice.objects.values_list("token__name", "message__state", "message__attempts")
    }


def test_digests_keep_their_state_and_their_notices() -> None:
    context = {"writer": "expiry-digest"}
    digest("sent", email(SENT, context=context), "sent")
    digest("sent", None, "purged", message_id="<purged@former>", sent_at=NOW)
    digest("failed", email(FAILED, context=context, number_of_retries=17, scheduled_time=NOW), "failed", last_error="OSError: no")
    digest("queued", email(REQUEUED, context=context, number_of_retries=2, scheduled_time=NOW + DAY), "requeued", last_error="OSError: no")
    digest("queued", email(QUEUED, context=context), "queued")
    digest("queued", None, "held")
    for _ in "12":
        former_emails.adopt(NOW)
    assert rows() == {
        "sent": ("sent", 1),
        "purged": ("sent", 0),
        "failed": ("failed", 17),
        "requeued": ("queued", 2),
        "queued": ("queued", 0),
        "held": ("queued", 0),
    }
    assert set(PostOfficeEmail.objects.values_list("message_id", flat=True)) < set(Message.objects.values_list("message_id", flat=True))
    assert Notice.objects.get(token__name="failed").message.last_error == "OSError: no"
    assert not PostOfficeEmail.objects.filter(status__in=[QUEUED, REQUEUED]).exists()


def test_no_digest_is_repeated_and_a_failed_one_is_sent_by_the_next_scan() -> None:
    configure("15", OPS)
    digest("sent", email(SENT, context={"writer": "expiry-digest"}), "sent")
    digest("failed", email(FAILED, context={"writer": "expiry-digest"}, number_of_retries=17, message_id="<it@former>"), "failed")
    former_emails.adopt(NOW)
    assert scan().queued == 1
    assert delivery.deliver(NOW) == (1, 0)
    assert sent_mail.outbox[0].message()["Message-ID"] == "<it@former>"
    assert "failed (tpp_…" in sent_mail.outbox[0].body
    assert "sent (tpp_…" not in sent_mail.outbox[0].body


def test_what_waits_is_sent_once_with_its_message_id() -> None:
    user: User = UserFactory(username="alice@example.com")
    email(QUEUED, user.email, context={"writer": emails.PASSWORD_RESET, "address": None, "user_agent": ""}, message_id="<reset@former>")
    email(QUEUED, "x@example.com, y@example.com", message="text", html_message="<p>html</p>", message_id="<plain@former>")
    for _ in "12":
        former_emails.adopt(NOW)
        delivery.deliver(timezone.now())
    reset, first, second = sent_mail.outbox
    assert (reset.to, reset.message()["Message-ID"], reset.subject) == (
        [user.email],
        "<reset@former>",
        "Set a new password for Token Portal",
    )
    assert (first.to, first.message()["Message-ID"], first.subject, first.body) == (["x@example.com"], "<plain@former>", "Hello", "text")
    assert (second.to, second.alternatives[0][0]) == (["y@example.com"], "<p>html</p>")
    assert not PostOfficeEmail.objects.exclude(message="").exists()


def test_an_email_that_a_former_worker_is_sending_is_left_to_it() -> None:
    row = email(QUEUED, message="text", scheduled_time=NOW + timedelta(minutes=4))
    former_emails.adopt(NOW)
    assert not Message.objects.exists()
    PostOfficeEmail.objects.filter(pk=row.pk).update(status=SENT, scheduled_time=None)
    former_emails.adopt(NOW + timedelta(minutes=6))
    assert Message.objects.get().state == "sent"


def test_an_email_whose_former_worker_was_killed_is_sent() -> None:
    email(QUEUED, message="text", scheduled_time=NOW - timedelta(minutes=1))
    former_emails.adopt(NOW)
    assert Message.objects.get().attempts == 1
    assert delivery.deliver(NOW) == (1, 0)


def test_the_way_back_queues_what_waits_in_the_former_tables() -> None:
    row = email(QUEUED, message="text")
    digest("failed", email(FAILED, context={"writer": "expiry-digest"}, number_of_retries=17), "failed")
    former_emails.adopt(NOW)
    configure("15", OPS)
    ending(6, name="new")
    scan()
    migration.backwards(apps, SimpleNamespace(connection=connection))
    row.refresh_from_db()
    assert (row.status, row.message) == (QUEUED, "text")
    assert not migration.Notice.objects.filter(digest_id=None).exists()
    assert not Message.objects.exists()


def test_a_new_database_has_nothing_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "exists", lambda connection: False)
    email(QUEUED, message="text")
    former_emails.adopt(NOW)
    assert not Message.objects.exists()


def test_links_of_an_earlier_release_are_in_no_row() -> None:
    taking_out = import_module("portal.users.migrations.0007_no_links_in_stored_emails")
    user = UserFactory(username="alice@example.com")
    guest = UserFactory(username="guest@example.com")
    User.objects.filter(pk=guest.pk).update(password="!nothing that can be typed")
    for person in (user, guest):
        key = f"{user_pk_to_url_str(person)}-abc123-0123456789abcdef"
        email(QUEUED, person.email, message=f"Hello\nhttps://portal.example.com/accounts/password/reset/{key}/\n")
    taking_out.take_out(apps, SimpleNamespace(connection=connection))
    former_emails.adopt(NOW)
    assert "/accounts/password/" not in str([*PostOfficeEmail.objects.values(), *Message.objects.values()])
    assert dict(Message.objects.values_list("recipient", "kind")) == {user.email: emails.PASSWORD_RESET, guest.email: emails.INVITATION}
