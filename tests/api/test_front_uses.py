"""Last used and refused uses: at most one write a minute, never back in time, nothing lost to a locked row or a database that is down."""

import threading
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from portal.core.actors import Actor
from portal.users import services as users
from tests.api.asgi_client import verify
from tests.clock import DAY, MINUTE, NOW, SECOND
from tests.factories import AdministratorFactory, TokenFactory, UserFactory, issue
from tests.racing import race
from tokens import services
from tokens.models import Token
from tokens.verification import usage as uses
from tokens.verification.usage import Uses
from tokens.verification.usage_sql import AcceptedUses, RejectedUses

HOME, OFFICE = "192.0.2.7", "2001:db8::7"


def used(token_id: UUID) -> tuple[datetime | None, str | None]:
    return Token.objects.values_list("last_used_at", "last_used_from").get(pk=token_id)


def refused(token_id: UUID) -> tuple[int, datetime | None, str | None]:
    return Token.objects.values_list("refused_count", "refused_at", "refused_from").get(pk=token_id)


@pytest.fixture
def token_id() -> UUID:
    return TokenFactory().pk


@pytest.mark.django_db
def test_a_good_use_is_noted_with_its_time_and_address_and_written_later() -> None:
    token, text = issue()
    began = timezone.now()
    assert verify(text, REMOTE_ADDR=HOME).status == 204
    assert used(token.pk) == (None, None)
    uses.flush(timezone.now())
    at, address = used(token.pk)
    assert began <= at <= timezone.now()
    assert address == HOME
    assert refused(token.pk) == (0, None, None)


@pytest.mark.django_db
def test_refused_uses_are_counted_with_time_and_address_and_are_no_good_use() -> None:
    token, text = issue()
    services.revoke(token, None, timezone.now())
    began = timezone.now()
    for address in (HOME, HOME, OFFICE):
        assert verify(text, REMOTE_ADDR=address).status == 401
    uses.flush(timezone.now())
    assert verify(text, REMOTE_ADDR=HOME).status == 401
    uses.flush(timezone.now())
    count, at, address = refused(token.pk)
    assert (count, address) == (4, HOME)
    assert began <= at <= timezone.now()
    assert used(token.pk) == (None, None)


@pytest.mark.django_db
def test_one_process_writes_a_token_once_a_minute_and_then_its_latest_use(token_id: UUID) -> None:
    buffer = Uses()
    written = []
    for second in range(181):
        now = NOW + second * SECOND
        buffer.record_accepted(token_id, now, HOME)
        if second % 3 == 0:
            buffer.flush(now)
            written.append(used(token_id)[0])
    assert sorted(set(written)) == [NOW, NOW + MINUTE, NOW + 2 * MINUTE, NOW + 3 * MINUTE]


@pytest.mark.django_db
def test_of_several_processes_one_writes_and_the_latest_use_still_arrives(token_id: UUID) -> None:
    one, other = Uses(), Uses()
    one.record_accepted(token_id, NOW, HOME)
    one.flush(NOW)
    other.record_accepted(token_id, NOW + 10 * SECOND, OFFICE)
    for second in (12, 15, 60):
        other.flush(NOW + second * SECOND)
        assert used(token_id) == (NOW, HOME)
    other.flush(NOW + 75 * SECOND)
    assert used(token_id) == (NOW + 10 * SECOND, OFFICE)
    assert (one.accepted, other.accepted) == ({}, {})


@pytest.mark.django_db
def test_an_older_use_never_replaces_a_newer_one_and_is_not_kept_for_ever(token_id: UUID) -> None:
    one, other = Uses(), Uses()
    other.record_accepted(token_id, NOW, OFFICE)
    one.record_accepted(token_id, NOW + MINUTE, HOME)
    one.flush(NOW + MINUTE)
    other.flush(NOW + 62 * SECOND)
    other.flush(NOW + 200 * SECOND, everything=True)
    assert used(token_id) == (NOW + MINUTE, HOME)
    assert other.accepted == {}


@pytest.mark.django_db
def test_an_older_refused_use_is_counted_and_changes_neither_time_nor_address(token_id: UUID) -> None:
    one, other = Uses(), Uses()
    one.record_rejected(token_id, NOW + MINUTE, HOME)
    one.flush(NOW + MINUTE)
    other.record_rejected(token_id, NOW, OFFICE)
    other.flush(NOW + MINUTE)
    assert refused(token_id) == (2, NOW + MINUTE, HOME)


@pytest.mark.django_db
def test_at_exit_what_was_written_less_than_a_minute_ago_is_written_too(token_id: UUID) -> None:
    buffer = Uses()
    now = timezone.now()
    buffer.record_accepted(token_id, now - 2 * SECOND, HOME)
    buffer.flush(now)
    buffer.record_accepted(token_id, now - SECOND, OFFICE)
    buffer.flush(now)
    assert used(token_id)[1] == HOME
    buffer.flush(now, everything=True)
    assert used(token_id) == (now - SECOND, OFFICE)


@pytest.mark.django_db
def test_many_rows_are_written_by_one_statement_on_postgresql(django_assert_max_num_queries) -> None:  # noqa: ANN001
    good, ended = TokenFactory.create_batch(20, user=UserFactory()), TokenFactory.create_batch(20, user=UserFactory())
    buffer = Uses()
    for n, (one, other) in enumerate(zip(good, ended, strict=True)):
        buffer.record_accepted(one.pk, NOW + n * SECOND, HOME)
        buffer.record_rejected(other.pk, NOW + n * SECOND, None)
    statements = 2 if connection.vendor == "postgresql" else 40
    with django_assert_max_num_queries(statements + 2):  # and the savepoint of this test
        buffer.flush(NOW + MINUTE)
    assert [used(token.pk) for token in good] == [(NOW + n * SECOND, HOME) for n in range(20)]
    assert [refused(token.pk) for token in ended] == [(1, NOW + n * SECOND, None) for n in range(20)]


@pytest.mark.django_db
def test_a_token_that_is_gone_keeps_no_others_back(token_id: UUID) -> None:
    buffer = Uses()
    for each in (uuid4(), token_id):
        buffer.record_accepted(each, NOW, HOME)
        buffer.record_rejected(each, NOW, HOME)
    buffer.flush(NOW)
    assert used(token_id) == (NOW, HOME)
    assert refused(token_id) == (1, NOW, HOME)
    buffer.flush(NOW + MINUTE)
    assert (buffer.accepted, buffer.rejected) == ({}, {})


@pytest.mark.django_db
def test_a_database_that_is_down_keeps_the_buffer_until_it_is_back(
    token_id: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = Uses()

    def down(*_: object) -> None:
        buffer.record_accepted(token_id, NOW + 2 * SECOND, OFFICE)  # requests go on meanwhile
        buffer.record_rejected(token_id, NOW + 2 * SECOND, OFFICE)
        raise OperationalError("the server is gone")

    buffer.record_accepted(token_id, NOW, HOME)
    buffer.record_rejected(token_id, NOW, HOME)
    with monkeypatch.context() as patch:
        patch.setattr(uses, "write", down)
        buffer.flush(NOW + 3 * SECOND)
        buffer.flush(NOW + 6 * SECOND)
    assert [record.getMessage().count("uses not written") for record in caplog.records] == [1, 1]
    buffer.flush(NOW + 10 * DAY)
    assert used(token_id) == (NOW + 2 * SECOND, OFFICE)
    assert refused(token_id) == (3, NOW + 2 * SECOND, OFFICE)


def test_the_buffer_has_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "MOST", 10)
    buffer = Uses()
    ids = [uuid4() for _ in range(20)]
    for each in [*ids, *ids]:
        buffer.record_accepted(each, NOW, HOME)
        buffer.record_rejected(each, NOW, HOME)
    first = [each.int for each in ids[:10]]
    assert list(buffer.accepted) == first
    assert {each: count for each, (count, _, _) in buffer.rejected.items()} == dict.fromkeys(first, 2)


def test_no_use_is_lost_between_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests note uses while another thread takes the buffer away."""
    counted: dict[int, int] = {}

    def take(good: AcceptedUses, denied: RejectedUses, before: datetime) -> tuple[set[int], set[int]]:
        for token_id, (count, *_) in denied.items():
            counted[token_id] = counted.get(token_id, 0) + count
        return set(good), set(denied)

    monkeypatch.setattr(uses, "write", take)
    buffer, ids, over = Uses(), [uuid4() for _ in range(5)], threading.Event()
    flusher = threading.Thread(target=lambda: [buffer.flush(NOW, everything=True) for _ in iter(over.is_set, True)])
    noters = [
        threading.Thread(target=lambda: [buffer.record_rejected(each, NOW, HOME) for _ in range(300) for each in ids]) for _ in range(4)
    ]
    for thread in (flusher, *noters):
        thread.start()
    for thread in noters:
        thread.join()
    over.set()
    flusher.join()
    buffer.flush(NOW, everything=True)
    assert counted == dict.fromkeys([each.int for each in ids], 1200)


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_at_once_count_every_refused_use_and_keep_the_latest_good_one() -> None:
    tokens = TokenFactory.create_batch(30, user=UserFactory())
    buffers = [Uses() for _ in range(4)]
    for n, buffer in enumerate(buffers):
        for token in tokens if n % 2 else reversed(tokens):
            buffer.record_accepted(token.pk, NOW + n * SECOND, HOME)
            buffer.record_rejected(token.pk, NOW + n * SECOND, HOME)

    def write(buffer: Uses) -> None:
        while buffer.rejected:  # some rows may be locked by one of the others
            buffer.flush(NOW + 5 * SECOND, everything=True)

    assert race(*[lambda each=buffer: write(each) for buffer in buffers]) == [None] * 4
    for buffer in buffers:  # a good use whose row was locked, when its refused one's no longer was, waits for the next time
        buffer.flush(NOW + 6 * SECOND, everything=True)
    assert {used(token.pk) for token in tokens} == {(NOW + 3 * SECOND, HOME)}
    assert {refused(token.pk) for token in tokens} == {(4, NOW + 3 * SECOND, HOME)}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite locks no rows")
@pytest.mark.django_db(transaction=True)
def test_a_locked_row_is_not_waited_for_and_written_the_next_time() -> None:
    locked, free = TokenFactory.create_batch(2, user=UserFactory())
    buffer = Uses()
    for token in (locked, free):
        buffer.record_accepted(token.pk, NOW, HOME)
        buffer.record_rejected(token.pk, NOW, HOME)
    with transaction.atomic():
        Token.objects.filter(pk=locked.pk).update(name="somebody else's change")
        assert race(lambda: buffer.flush(NOW + SECOND)) == [True]
    assert (used(locked.pk)[0], used(free.pk)[0]) == (None, NOW)
    assert (refused(locked.pk)[0], refused(free.pk)[0]) == (0, 1)
    buffer.flush(NOW + timedelta(seconds=59))
    assert refused(locked.pk) == (1, NOW, HOME)
    buffer.flush(NOW + 62 * SECOND)
    assert used(locked.pk) == (NOW, HOME)


@pytest.mark.django_db(transaction=True)
def test_a_deactivation_that_ends_many_tokens_does_not_collide_with_their_uses() -> None:
    owner, actor = UserFactory(), Actor(AdministratorFactory())
    tokens = TokenFactory.create_batch(30, user=owner)
    buffer = Uses()

    def write() -> None:
        for n in range(30):
            for token in reversed(tokens):
                buffer.record_accepted(token.pk, NOW + n * SECOND, HOME)
            buffer.flush(NOW + n * SECOND, everything=True)

    assert race(write, lambda: users.deactivate(owner, actor)) == [None, None]
    assert not Token.objects.filter(user=owner, revoked_at=None).exists()
