"""Revoking all tokens that match: in batches that can be killed, repeated and run side by side."""

from datetime import timedelta

import pytest

from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.users.models import User
from tests.clock import NOW
from tests.factories import AdministratorFactory, TokenFactory, UserFactory
from tests.racing import race
from tokens import bulk, services
from tokens.cleanup import clean_up
from tokens.models import BulkRevocation, BulkRevocationItem, Token
from tokens.tasks import revoke_in_bulk

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return AdministratorFactory(username="anna@example.com")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 3)


def active() -> int:
    return Token.objects.permanent().filter(revoked_at=None).count()


def started(anna: User, tokens: int = 7) -> BulkRevocation:
    owners = [UserFactory(), UserFactory()]
    for number in range(tokens):
        TokenFactory(user=owners[number % 2])
    return bulk.start(Token.objects.permanent(), Actor(anna, address="192.0.2.1"), NOW)


def test_all_tokens_of_the_job_are_revoked_and_recorded_each(anna: User) -> None:
    job = started(anna)
    assert (job.total, active()) == (7, 7)
    assert bulk.resume(NOW, 60) is False
    job.refresh_from_db()
    assert (job.revoked, job.skipped, job.error, job.finished_at) == (7, 0, "", NOW)
    assert active() == 0
    assert set(Token.objects.values_list("revoked_by__username", flat=True)) == {"anna@example.com"}
    assert Entry.objects.filter(event="token.revoked", address="192.0.2.1").count() == 7
    assert not BulkRevocationItem.objects.exists()


def test_tokens_created_after_the_confirmation_stay(anna: User) -> None:
    started(anna)
    later = TokenFactory()
    bulk.resume(NOW, 60)
    assert list(Token.objects.permanent().filter(revoked_at=None)) == [later]


def test_no_token_is_revoked_before_the_job_was_confirmed(anna: User) -> None:
    started(anna)
    bulk.resume(NOW - timedelta(seconds=15), 60)  # the worker began with an earlier job
    assert set(Token.objects.values_list("revoked_at", flat=True)) == {NOW}


def test_a_batch_that_was_killed_is_done_again(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = started(anna)
    bulk.revoke_batch(job, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(services, "end_created_with", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bulk.revoke_batch(job, NOW)
    job.refresh_from_db()
    assert (job.revoked, job.items.count(), active()) == (3, 4, 4)
    revoke_in_bulk()
    job.refresh_from_db()
    assert (job.revoked, active()) == (7, 0)


def test_tokens_that_were_revoked_meanwhile_are_counted_apart(anna: User) -> None:
    job = started(anna)
    services.revoke(Token.objects.permanent().first(), Actor(anna), NOW)
    bulk.resume(NOW, 60)
    job.refresh_from_db()
    assert (job.revoked, job.skipped) == (6, 1)


@pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}])
def test_a_former_administrators_job_stops(anna: User, change: dict[str, object]) -> None:
    job = started(anna)
    bulk.revoke_batch(job, NOW)
    User.objects.filter(pk=anna.pk).update(**change)
    bulk.resume(NOW, 60)
    job.refresh_from_db()
    assert (job.revoked, active(), job.finished_at) == (3, 4, NOW)
    assert job.error == "anna@example.com is not an active administrator any more."


def test_a_job_that_takes_long_leaves_the_worker_to_others(anna: User) -> None:
    started(anna)
    assert bulk.resume(NOW, 0) is True
    assert active() == 7


@pytest.mark.django_db(transaction=True)
def test_two_workers_revoke_each_token_once(anna: User) -> None:
    job = started(anna, 12)
    race(*[lambda: bulk.resume(NOW, 60)] * 2)
    job.refresh_from_db()
    assert (job.revoked, job.skipped, active()) == (12, 0, 0)


def test_finished_jobs_are_deleted_after_90_days(anna: User) -> None:
    started(anna)
    bulk.resume(NOW, 60)
    clean_up(NOW + timedelta(days=89))
    assert BulkRevocation.objects.exists()
    clean_up(NOW + timedelta(days=91))
    assert not BulkRevocation.objects.exists()
