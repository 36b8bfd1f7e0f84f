"""Entries of earlier releases become entries of this one: all of them, once, in order, also those written while both are running."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import settings_app.services as config
from portal.audit import former, sealing, verification
from portal.audit.history import history
from portal.audit.models import Entry, Head
from portal.users.models import Throttle
from tests.audit import former_table
from tests.factories import AdministratorFactory, UserFactory, issue

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    former_table.create()
    yield
    former_table.drop()


def adopt(now: datetime = NOW) -> bool:
    return former.adopt(now, time.monotonic() + 60)


def test_every_kind_of_row_keeps_what_it_says() -> None:
    ada = AdministratorFactory(username="ada@example.com")
    token, _ = issue(ada, "deploy")
    setting = config.add("session_minutes", "60", None)
    Entry._base_manager.all()._raw_delete(Entry.objects.db)  # type: ignore[attr-defined]  # those of the services above
    by_token = {"token": str(token.pk), "token_name": "deploy", "token_hint": token.hint, "token_owner": "ada@example.com"}
    former_table.add(ada, 0, NOW - 9 * MINUTE, changes={"role": ["", "administrator"]})
    former_table.add(
        ada, 3, NOW - 8 * MINUTE, ada, data={"event": "signed_in", "session": "ab12", "user_agent": "Firefox"}, remote_addr="::1"
    )
    former_table.add(token, 1, NOW - 7 * MINUTE, ada, {"revoked_at": ["", "2026-11-21T09:23:00+00:00"]}, by_token, remote_addr="192.0.2.7")
    former_table.add(setting, 2, NOW - 6 * MINUTE, ada, {"value": ["60", ""]}, {"session": "ab12"})
    unknown = Throttle(pk="unknown account from 192.0.2.7")
    former_table.add(unknown, 3, NOW - 5 * MINUTE, data={"event": "sign_in_failed", "count": 7, "account_hash": "0123"})
    assert adopt()
    rows = list(Entry.objects.order_by("pk"))
    assert [row.event for row in rows] == ["user.created", "signed_in", "token.revoked", "setting.deleted", "sign_in_failed"]
    assert [row.at for row in rows] == [NOW - minutes * MINUTE for minutes in (9, 8, 7, 6, 5)]
    assert [row.actor_name for row in rows] == ["", *["ada@example.com"] * 3, ""]
    assert [(row.target_kind, row.target_id) for row in rows] == [
        *[("user", str(ada.pk))] * 2,
        ("token", str(token.pk)),
        ("setting", "session_minutes"),
        ("account", str(unknown.pk)),
    ]
    assert (rows[1].credential_kind, rows[1].credential_id, rows[1].user_agent, rows[1].address) == ("session", "ab12", "Firefox", "::1")
    assert (rows[2].credential_id, rows[2].credential_name, rows[2].credential_hint) == (str(token.pk), "deploy", token.hint)
    assert rows[3].changes == {"value": ["60", ""]}
    assert (rows[4].count, rows[4].details) == (7, {"account_hash": "0123"})
    assert [line.what for line in history(ada, {}).lines] == ["Signed in", "Created"]


def test_rows_are_adopted_once_in_order_and_before_anything_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former, "BATCH", 2)
    user = UserFactory()
    Entry(event="user.changed", target_kind="user", target_id="7", target_name="x", at=NOW).save()
    keys = [former_table.add(user, 1, NOW - (9 - day) * DAY, changes={"role": ["", str(day)]}) for day in range(5)]
    assert not former.adopt(NOW, time.monotonic())
    assert sealing.seal_all(NOW)
    assert sealing.seal_all(NOW)
    assert list(Entry.objects.order_by("sequence").values_list("former_id", flat=True)) == [*keys, None]
    assert list(verification.verify()) == []


def test_a_row_that_is_committed_late_is_adopted_too() -> None:
    user = UserFactory()
    former_table.add(user, 1, NOW, id=100)
    adopt()
    former_table.add(user, 1, NOW, id=90)
    former_table.add(user, 1, NOW, id=101)
    adopt()
    adopt()
    assert sorted(Entry.objects.values_list("former_id", flat=True)) == [90, 100, 101]


def test_a_row_that_was_pruned_does_not_come_back() -> None:
    former_table.add(UserFactory(), 1, NOW - 500 * DAY)
    sealing.seal_all(NOW)
    sealing.seal_all(NOW + DAY)
    from portal.audit.pruning import prune

    assert prune(NOW, 400) == 1
    sealing.seal_all(NOW)
    assert list(Entry.objects.values_list("event", flat=True)) == ["audit.pruned"]
    assert list(verification.verify()) == []


def test_without_the_table_there_is_nothing_to_adopt() -> None:
    former_table.drop()
    assert adopt()


def test_a_row_is_copied_once_whatever_the_head_says() -> None:
    former_table.add(UserFactory(), 0, NOW)
    assert adopt()
    Head.objects.update(adopted_id=0)
    assert adopt()
    assert Entry.objects.exclude(former_id=None).count() == 1
