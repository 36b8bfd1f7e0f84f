"""The triggers that write down what happened: there after every `migrate`, and no scan relies on them where they are not."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate

from tests.factories import TokenFactory
from tokens.models import Change
from tokens.scan import triggers

pytestmark = pytest.mark.django_db


def begin_to_migrate(plan: list[object]) -> None:
    pre_migrate.send(apps.get_app_config("tokens"), plan=plan)


def everything_is_to_be_looked_at() -> bool:
    return Change.objects.filter(key="").exists()


def test_they_are_there_after_the_migrations() -> None:
    assert triggers.are_there()
    assert len(triggers.installed()) == 8


def test_migrate_removes_them_and_installs_them_again_and_nobody_knows_what_happened_meanwhile() -> None:
    Change.objects.all().delete()
    begin_to_migrate(plan=["a migration"])
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
def test_the_migrations_go_back_and_forth_past_them() -> None:
    """SQLite makes a table anew for most changes, and would stumble over a trigger that names it."""
    call_command("migrate", "tokens", "0004", verbosity=0)
    assert triggers.installed() == set()
    call_command("migrate", verbosity=0)
    assert triggers.are_there()
    TokenFactory()
    assert Change.objects.exclude(key="").count() == 1
