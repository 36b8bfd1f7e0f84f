"""Triggers that write down which tokens something happened to (`Change`), in the transaction in which it happens. Whoever changes a
row, a verb, the Django admin or somebody with psql: a scan that looks only at what changed does not miss it.

They are no migration: SQLite drops a table's triggers whenever a migration changes the table, and PostgreSQL refuses to change a
column that a trigger names. So `migrate` begins by removing them and ends by installing them.
"""

from collections.abc import Callable
from hashlib import blake2s
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, transaction
from django.db.models.signals import post_migrate, pre_migrate

from tokens.models import Change
from tokens.scan.database import HEX
from tokens.scan.look import SOURCE

CREATE = {
    "postgresql": """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN INSERT INTO tokens_change (key) {keys}; RETURN NULL; END $$;
        DROP TRIGGER IF EXISTS {name} ON {table};
        CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()""",
    "sqlite": """CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN {when}
        BEGIN INSERT INTO tokens_change (key) {keys}; END""",
}
DROP = {"postgresql": "DROP FUNCTION {name} CASCADE", "sqlite": "DROP TRIGGER {name}"}
INSTALLED = {  # by name; a trigger that somebody has switched off does not count
    "postgresql": """SELECT g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        WHERE g.tgname LIKE 'tokens\\_change\\_%' AND g.tgenabled IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace""",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'tokens\\_change\\_%' ESCAPE '\\'",
}
DIFFERS = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}


class Trigger(NamedTuple):
    """After `event` on a row of `table`, if `when`: the keys that `keys` selects are written down."""

    what: str
    table: str
    event: str
    when: str
    keys: str


def wanted() -> dict[str, str]:
    """The statement of each trigger by its name, which tells one text from another: an older portal's is not taken for ours."""
    vendor = connection.vendor
    named = {}
    for trigger in triggers(lambda token: HEX[vendor].format(id=token), DIFFERS[vendor]):
        mark = blake2s(repr((trigger, CREATE[vendor])).encode(), digest_size=4).hexdigest()
        name = f"tokens_change_{trigger.what}_{mark}"
        named[name] = CREATE[vendor].format(name=name, **trigger._asdict())
    return named


def triggers(key: Callable[[str], str], differs: str) -> list[Trigger]:
    """All that decides what a scan finds, but for the time and Config. What the scan itself inserts is not among it."""

    def changed(*columns: str) -> str:
        return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)

    permanent, new, old = "{row}.kind = 'permanent'", f"SELECT {key('NEW.id')}", f"SELECT {key('OLD.id')}"
    of_user = f"SELECT {key('t.id')} FROM tokens_token t WHERE t.user_id = NEW.id AND t.kind = 'permanent' AND t.revoked_at IS NULL"  # noqa: S608
    of_digest = f"SELECT {key('n.token_id')} FROM tokens_notice n WHERE n.digest_id = NEW.id"  # noqa: S608
    of_scan = f"OLD.source = '{SOURCE}' AND OLD.cleared_at IS NULL"
    decisive = ("kind", "user_id", "expires_at", "revoked_at")
    return [
        Trigger("token_new", "tokens_token", "INSERT", permanent.format(row="NEW"), new),
        Trigger("token", "tokens_token", f"UPDATE OF {', '.join(decisive)}", changed(*decisive), new),
        Trigger("token_gone", "tokens_token", "DELETE", permanent.format(row="OLD"), old),
        Trigger("user", "users_user", "UPDATE OF is_active, email", changed("is_active", "email"), of_user),
        Trigger("fault", "faults_fault", "UPDATE OF source, key, cleared_at", of_scan, "SELECT OLD.key"),
        Trigger("fault_gone", "faults_fault", "DELETE", of_scan, "SELECT OLD.key"),
        Trigger("notice_gone", "tokens_notice", "DELETE", "1 = 1", f"SELECT {key('OLD.token_id')}"),
        Trigger("digest", "tokens_digest", "UPDATE OF state", "NEW.state = 'failed' AND OLD.state <> 'failed'", of_digest),
    ]


def installed() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED[connection.vendor])
        return {name for (name,) in cursor.fetchall()}


def are_there() -> bool:
    """Is everything written down that happens? `installed` of an older portal's would not be enough."""
    return installed() == set(wanted())


def remove() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for name in installed():
            cursor.execute(DROP[connection.vendor].format(name=name))


def install() -> None:
    """Nothing if they are there. Nobody knows what happened without them: the next scan looks at everything."""
    if are_there():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        remove()
        for statement in wanted().values():
            cursor.execute(statement)
        Change.objects.create(key="")


def migration_begins(sender: Any, plan: list[Any], **kwargs: Any) -> None:
    if plan:
        remove()


def migration_ends(sender: Any, **kwargs: Any) -> None:
    """After a migration to before there was a table for it there is nothing to install."""
    if Change._meta.db_table in connection.introspection.table_names():
        install()


def connect() -> None:
    """Called once, when the app is ready."""
    app = apps.get_app_config("tokens")
    pre_migrate.connect(migration_begins, sender=app)
    post_migrate.connect(migration_ends, sender=app)
