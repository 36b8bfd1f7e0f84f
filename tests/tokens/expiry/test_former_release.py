"""The former release had triggers, a log of changes and scans cut into ranges. Its rows survive the upgrade, and its processes, which run
on for a while, can write what they wrote."""

from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection

from tests.clock import NOW, SECOND
from tests.factories import TokenFactory
from tests.tokens.scans import configure, ending, open_faults, scan
from tokens.expiry.lease import DIED
from tokens.models import ScanRun, Token

BEFORE = "0012_created_with"
TRIGGER = {
    "postgresql": """CREATE FUNCTION tokens_change_token_1() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO tokens_change (key) VALUES ('0'); RETURN NULL; END $$;
        CREATE TRIGGER tokens_change_token_1 AFTER UPDATE ON tokens_token FOR EACH ROW EXECUTE FUNCTION tokens_change_token_1()""",
    "sqlite": """CREATE TRIGGER tokens_change_token_1 AFTER UPDATE ON tokens_token FOR EACH ROW
        BEGIN INSERT INTO tokens_change (key) SELECT n.token_id FROM tokens_notice n; END""",
}
RUN = """INSERT INTO tokens_scanrun
    (asked_by, started_at, finished_at, lease_until, again_by, due, raised, cleared, queued, error, rules, complete_at)
    VALUES ('schedule', %s, %s, %s, '', 3, 2, 1, 4, '', %s, %s)"""
RANGE = "INSERT INTO tokens_scanrange (run_id, number, lease_until) VALUES (%s, 0, %s)"


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def insert_run(finished_at: datetime | None = NOW, rules: str = "") -> None:
    execute(RUN, NOW, finished_at, NOW, rules, finished_at)


@pytest.mark.django_db(transaction=True)
def test_the_upgrade_keeps_runs_and_drops_triggers() -> None:
    call_command("migrate", "tokens", BEFORE, verbosity=0)
    try:
        insert_run(rules="1 as they were")
        insert_run(finished_at=None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM tokens_scanrun")
            execute(RANGE, cursor.fetchone()[0], NOW)
        execute(TRIGGER[connection.vendor])
    finally:
        call_command("migrate", verbosity=0)
    token = TokenFactory()
    Token.objects.filter(pk=token.pk).update(name="changed")
    assert count("tokens_change") == 0
    assert count("tokens_scanrange") == 1
    runs = ScanRun.objects.order_by("pk")
    assert [(run.triggered_by, run.due, run.raised, run.cleared, run.queued) for run in runs] == [("schedule", 3, 2, 1, 4)] * 2
    configure("15")
    ending(5, name="deploy")
    scan(NOW + SECOND)
    assert ScanRun.objects.order_by("pk")[1].error == DIED
    assert open_faults() == {"deploy"}


@pytest.mark.django_db
def test_processes_of_the_former_release_can_still_scan() -> None:
    """They build on the run whose rules are the present ones; none of ours has any."""
    scan()
    insert_run(rules="1 as they are")
    insert_run(finished_at=None)
    execute(RANGE, ScanRun.objects.get(finished_at=None).pk, NOW)
    execute("INSERT INTO tokens_change (key) VALUES ('')")
    execute("UPDATE tokens_scanrun SET rules = ''")
    scan()
    assert ScanRun.objects.filter(finished_at=None).count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT rules, complete_at FROM tokens_scanrun ORDER BY id DESC LIMIT 1")
        assert cursor.fetchone() == ("", None)


@pytest.mark.django_db
def test_a_run_can_be_deleted_though_the_former_releases_ranges_name_it() -> None:
    insert_run()
    execute(RANGE, ScanRun.objects.get().pk, NOW)
    ScanRun.objects.all().delete()
    assert not ScanRun.objects.exists()
