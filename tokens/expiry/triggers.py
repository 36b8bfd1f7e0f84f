"""Triggers that write down which tokens something happened to (`Change`), in the transaction in which it happens. Whoever changes a
row, a verb, the Django admin or somebody with psql: a scan that looks only at what changed does not miss it.

What they cannot see waits for the daily look at everything: a notice that somebody rewrites by hand, and a token that somebody imports
at the very moment in which its owner's address is changed (the portal's own verbs lock the owner).

They are no migration. SQLite drops a table's triggers whenever a migration changes the table, and stumbles over those that name it: so
`migrate` begins by removing them there. PostgreSQL keeps them. On both it ends by installing what is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2s
from typing import Any, NamedTuple

import structlog
from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_migrate, pre_migrate

from tokens.expiry.database import HEX
from tokens.expiry.queries import SOURCE
from tokens.models import Change

log = structlog.get_logger(__name__)
TRIES, PATIENCE_SECONDS = 10, 3  # for a table that is in use: whoever wants to write to it waits behind us so long
CREATE = {
    "postgresql": """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT
        AS $$ BEGIN INSERT INTO tokens_change (key) {keys}; RETURN NULL; END $$;
        DROP TRIGGER IF EXISTS {name} ON {table};
        CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()""",
    "sqlite": """CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN {when}
        BEGIN INSERT INTO tokens_change (key) {keys}; END""",
}
DROP = {"postgresql": "DROP FUNCTION {name} CASCADE", "sqlite": "DROP TRIGGER {name}"}
INSTALLED = {  # on the tables that we see; one that somebody has switched off does not count
    "postgresql": """SELECT g.tgname, c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        WHERE g.tgname LIKE 'tokens\\_change\\_%' AND g.tgenabled IN ('O', 'A') AND c.oid = to_regclass(quote_ident(c.relname))""",
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'tokens\\_change\\_%' ESCAPE '\\'",
}
DIFFERS = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}


class Trigger(NamedTuple):
    """After `event` on a row of `table`, if `when`: the keys that `keys` selects are written down."""

    what: str
    table: str
    event: str
    when: str
    keys: str


def wanted() -> dict[tuple[str, str], str]:
    """The statement of each trigger by its name and table. The name tells one text from another: an older portal's is not ours."""
    vendor = connection.vendor
    named = {}
    for trigger in triggers(lambda token: HEX[vendor].format(id=token), DIFFERS[vendor]):
        mark = blake2s(repr((trigger, CREATE[vendor])).encode(), digest_size=4).hexdigest()
        name = f"tokens_change_{trigger.what}_{mark}"
        named[name, trigger.table] = CREATE[vendor].format(name=name, **trigger._asdict())
    return named


def triggers(key: Callable[[str], str], differs: str) -> list[Trigger]:
    """All that decides what a scan finds, but for the time and Config. What the scan itself inserts is not among it; the faults that it
    clears are, and are looked at once more."""

    def changed(*columns: str) -> str:
        return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)

    permanent, new, old = "{row}.kind = 'permanent'", f"SELECT {key('NEW.id')}", f"SELECT {key('OLD.id')}"
    of_user = f"SELECT {key('t.id')} FROM tokens_token t WHERE t.user_id = NEW.id AND t.kind = 'permanent' AND t.revoked_at IS NULL"  # noqa: S608
    of_digest = f"SELECT {key('n.token_id')} FROM tokens_notice n WHERE n.message_id = NEW.id"  # noqa: S608
    of_scan = f"OLD.source = '{SOURCE}' AND OLD.cleared_at IS NULL"
    decisive = ("kind", "user_id", "expires_at", "revoked_at")
    token_changed = f"(OLD.kind = 'permanent' OR NEW.kind = 'permanent') AND ({changed(*decisive)})"
    return [
        Trigger("token_new", "tokens_token", "INSERT", permanent.format(row="NEW"), new),
        Trigger("token", "tokens_token", f"UPDATE OF {', '.join(decisive)}", token_changed, new),
        Trigger("token_gone", "tokens_token", "DELETE", permanent.format(row="OLD"), old),
        Trigger("user", "users_user", "UPDATE OF is_active, email", changed("is_active", "email"), of_user),
        Trigger("fault", "faults_fault", "UPDATE OF source, key, cleared_at", of_scan, "SELECT OLD.key"),
        Trigger("fault_gone", "faults_fault", "DELETE", of_scan, "SELECT OLD.key"),
        Trigger("notice_gone", "tokens_notice", "DELETE", "1 = 1", f"SELECT {key('OLD.token_id')}"),
        Trigger("digest", "notifications_message", "UPDATE OF state", "NEW.state = 'failed' AND OLD.state <> 'failed'", of_digest),
    ]


def installed() -> set[tuple[str, str]]:
    """The names of those that are there, with their tables."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED[connection.vendor])
        return set(cursor.fetchall())


def are_there() -> bool:
    """Is everything written down that happens?"""
    return installed() == set(wanted())


def remove() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for name, _table in sorted(installed()):
            cursor.execute(DROP[connection.vendor].format(name=name))


def install() -> None:
    """Nothing if they are there. Nobody knows what happened without them: the next scan looks at everything.

    A transaction for each table, and no long wait for it: the portal may be at work. Without triggers it is slower, not worse."""
    if are_there():
        return
    tables = sorted({table for _name, table in wanted()})
    for table in tables:
        for _ in range(TRIES):
            try:
                with alone():
                    install_on(table)
                    if table == tables[-1]:
                        Change.objects.create(key="")
                break
            except OperationalError as error:  # the table is in use, or others wait for each other because of us
                log.warning("triggers not installed yet", table=table, error=type(error.__cause__).__name__)
        else:
            return


@contextmanager
def alone() -> Iterator[None]:
    """A transaction in which nobody else installs triggers."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tokens_change'))")
        yield


def install_on(table: str) -> None:
    there, ours = installed(), wanted()
    with connection.cursor() as cursor:
        for name, of in sorted(there - set(ours)):
            if of == table:
                cursor.execute(DROP[connection.vendor].format(name=name))
        for (name, of), statement in ours.items():
            if of == table and (name, of) not in there:
                cursor.execute(statement)


def migration_begins(sender: Any, plan: list[Any], **kwargs: Any) -> None:
    if plan and connection.vendor == "sqlite":
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
