"""The triggers that write down what happened: there after every `migrate`, and no scan relies on them where they are not."""

from threading import Event

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import pre_migrate

from tests.factories import TokenFactory
from tests.racing import race, widen
from tokens.expiry import triggers
from tokens.models import Change, Token

pytestmark = pytest.mark.django_db


def begin_to_migrate(plan: list[object]) -> None:
    pre_migrate.send(apps.get_app_config("tokens"), plan=plan)


def everything_is_to_be_looked_at() -> bool:
    return Change.objects.filter(key="").exists()


def test_they_are_there_after_the_migrations() -> None:
    assert triggers.are_there()
    assert len(triggers.installed()) == 8


def test_sqlite_is_without_them_during_a_migration_and_nobody_knows_what_happened_meanwhile() -> None:
    Change.objects.all().delete()
    begin_to_migrate(plan=["a migration"])
    assert bool(triggers.installed()) is (connection.vendor == "postgresql")  # there a reader would hold a migration up, and it everybody
    triggers.remove()
    assert triggers.installed() == set()
    call_command("migrate", verbosity=0)
    assert triggers.are_there()
    assert everything_is_to_be_looked_at()


def test_where_there_is_nothing_to_migrate_they_stay() -> None:
    """A portal that starts beside others must not lock their tables."""
    Change.objects.all().delete()
    begin_to_migrate(plan=[])
    call_command("migrate", verbosity=0)
    assert triggers.are_there()
    assert not Change.objects.exists()


def test_those_of_another_portal_version_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    before = triggers.installed()
    create = {**triggers.CREATE, connection.vendor: triggers.CREATE[connection.vendor] + " "}
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "CREATE", create)
        assert not triggers.are_there()
        triggers.install()
        assert triggers.are_there()
        assert not triggers.installed() & before
    triggers.install()
    assert triggers.installed() == before


def test_one_that_is_switched_off_does_not_count() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite cannot switch a trigger off")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tokens_token DISABLE TRIGGER ALL")
    assert not triggers.are_there()
    triggers.install()
    assert triggers.are_there()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["reads", "writes"])
def test_a_table_in_use_is_not_waited_for_long_and_nobody_waits_behind_it(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A dump or a scan may read for minutes while a new version is brought in."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks its file, not a table")
    monkeypatch.setattr(triggers, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(triggers, "TRIES", 2)
    triggers.remove()
    token = TokenFactory()
    begun, done = Event(), Event()

    def use() -> None:
        with transaction.atomic():
            Token.objects.filter(pk=token.pk).update(name="in use") if kind == "writes" else Token.objects.get()
            begun.set()
            assert done.wait(30)

    def install() -> bool:
        assert begun.wait(10)
        try:
            triggers.install()
            return triggers.are_there()
        finally:
            done.set()

    assert race(use, install) == [None, kind == "reads"]
    triggers.install()
    assert triggers.are_there()


@pytest.mark.django_db(transaction=True)
def test_two_that_install_at_once_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time")
    triggers.remove()
    widen(monkeypatch, triggers, "install_on", 0.05)
    assert race(triggers.install, triggers.install) == [None, None]
    assert triggers.are_there()


def test_they_write_to_our_table_whatever_the_search_path() -> None:
    """As when a dump is restored."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no search path")
    token = TokenFactory()
    Change.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")
        cursor.execute("UPDATE public.tokens_token SET revoked_at = now() WHERE id = %s", [token.pk])
        cursor.execute("SET LOCAL search_path = 'public'")
    assert Change.objects.get().key == token.pk.hex


@pytest.mark.django_db(transaction=True)
def test_the_migrations_go_back_and_forth_past_them() -> None:
    """SQLite makes a table anew for most changes, and would stumble over a trigger that names it."""
    call_command("migrate", "tokens", "0004", verbosity=0)
    assert triggers.installed() == set()
    call_command("migrate", verbosity=0)
    assert triggers.are_there()
    TokenFactory()
    assert Change.objects.exclude(key="").count() == 1
