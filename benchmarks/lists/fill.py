"""Fills a database of the portal for the lists: twenty permanent tokens to a person, a hundredth of them with a fault; and as many entries of the audit trail.

One in twenty is revoked, one in twelve has expired, three of five were used, one in ten was created by somebody else. No statement reads
a row at a time, so that a million tokens take a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

TOKENS_EACH, FEWEST = 20, 100
# What differs between the two databases: numbers from 1, an instant this many days from now, random bytes and a random part of one.
DIALECTS = {
    "postgresql": {
        "numbers": "SELECT generate_series(1, %s) AS i",
        "instant": "now() + ({}) * interval '1 day'",
        "id": "gen_random_uuid()",
        "digest": "sha256(i::text::bytea)",
        "random": "random()",
        "hint": "substr(md5(i::text), 1, 4)",
        "address": "('10.0.'||(i %% 200)||'.'||(i %% 250))::inet",
        "true": "true",
        "false": "false",
    },
    "sqlite": {
        "numbers": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT i FROM n",
        "instant": "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', ({}) || ' days')",
        "id": "lower(hex(randomblob(16)))",
        "digest": "randomblob(32)",
        "random": "(abs(random()) %% 1000000 / 1000000.0)",
        "hint": "lower(hex(randomblob(2)))",
        "address": "'10.0.'||(i %% 200)||'.'||(i %% 250)",
        "true": "1",
        "false": "0",
    },
}
SEPARATOR = "\x1f"
PEOPLE = """
    INSERT INTO users_user (password, username, email, display_name, role, kind, is_active, created_at, last_login, session_stamp,
                            may_introspect, search_key)
    SELECT '!', 'user'||i||'@example.com', 'user'||i||'@example.com', 'Person '||i, CASE WHEN i %% 100 = 0 THEN 'operator' ELSE 'user' END,
           'person', {true}, {created}, CASE WHEN i %% 3 > 0 THEN {used} END, 'x', {false},
           'user'||i||'@example.com'||'{separator}'||'person '||i
    FROM ({numbers}) AS numbers"""
TOKENS = """
    INSERT INTO tokens_token (id, user_id, kind, name, digest, last_four, created_at, created_by_id, expires_at, revoked_at, last_used_at,
                              holds_name, session_hash, refused_count, search_key)
    SELECT {id}, {person} + i %% %s, 'permanent', 'token-'||i, {digest}, hint, {created}, CASE WHEN i %% 10 = 0 THEN {person} + i %% 97 END,
           {expires}, CASE WHEN i %% 20 = 7 THEN {used} END, CASE WHEN i %% 5 < 3 THEN {used} END,
           {true}, '', 0, 'token-'||i||'{separator}'||hint
    FROM (SELECT i, {hint} AS hint FROM ({numbers}) AS numbers) AS named"""
# Sign-ins are three of five; every tenth entry is by a token, one in twenty is of nobody who is signed in.
ENTRIES = """
    INSERT INTO audit_entry (at, event, actor_id, actor_name, credential_kind, credential_id, credential_name, credential_hint,
                             credential_owner, credential_created_by, channel, request_id, address, user_agent, target_kind, target_id,
                             target_name, target_key, changes, details, count)
    SELECT {logged}, CASE WHEN i %% 20 = 3 THEN 'sign_in_failed' WHEN i %% 5 < 3 THEN 'signed_in' WHEN i %% 2 = 0 THEN 'token.created'
           ELSE 'token.revoked' END,
           CASE WHEN i %% 20 = 3 THEN NULL ELSE {person} + i %% %s END,
           CASE WHEN i %% 20 = 3 THEN '' ELSE 'user'||(i %% %s)||'@example.com' END,
           CASE WHEN i %% 10 = 4 THEN 'token' ELSE 'session' END, 'key'||(i / 50), '', '', '', '',
           CASE WHEN i %% 10 = 4 THEN 'api' ELSE 'page' END, 'request-'||(i / 2), {address}, 'Mozilla/5.0',
           CASE WHEN i %% 5 < 3 THEN 'user' ELSE 'token' END, 'id'||(i %% 20000), 'target-'||(i %% 20000), 'target-'||(i %% 20000),
           '{{"role": ["user", "operator"]}}', '{{}}', 1
    FROM ({numbers}) AS numbers"""
FAULTS = """
    INSERT INTO faults_fault (source, key, name, resource, description, severity, links, raised_at, acknowledged_at, cleared_at)
    SELECT 'token-expiry', i, 'Token Expiration', 'token-'||i||' of user'||i, 'The token expires soon.',
           CASE WHEN i %% 4 = 0 THEN 'critical' ELSE 'warning' END, '[]', {used}, CASE WHEN i %% 5 = 0 THEN {now} END,
           CASE WHEN i %% 3 = 0 THEN {now} END
    FROM ({numbers}) AS numbers"""


def fill(size: int) -> Any:
    """`size` tokens in an empty database. Returns an administrator, who has thirty more."""
    from settings_app.models import Config
    from tokens import counts, services
    from tokens.models import ScanRun

    call_command("migrate", verbosity=0)
    people = max(size // TOKENS_EACH, FEWEST)
    run(PEOPLE, people)
    with indexes_made_afterwards("tokens_token"):
        run(TOKENS, people, size)
    with indexes_made_afterwards("audit_entry"):
        run(ENTRIES, people, people, size)
    run(FAULTS, max(size // 100, FEWEST))
    Config.objects.create(key="token_expiration_days", value="30;7;1")
    user, now = administrator(), timezone.now()
    scan = ScanRun.objects.create(triggered_by="schedule", started_at=now, finished_at=now)
    counts.keep(scan, now, services.expiring_before(now))
    if connection.vendor == "postgresql":  # as autovacuum leaves it. SQLite stays as the portal has it, which never asks for statistics
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return user


@contextmanager
def indexes_made_afterwards(table: str) -> Iterator[None]:
    """PostgreSQL builds the indexes of a million rows in a fraction of the time that it takes to add to each of them a million times."""
    if connection.vendor == "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid = %s::regclass AND NOT indisunique""",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)


def run(statement: str, *values: int) -> None:
    dialect = DIALECTS[connection.vendor]
    instants = {
        "created": f"-31 - {dialect['random']} * 300",
        "expires": f"{dialect['random']} * 365 - 30",
        "used": f"-{dialect['random']} * 30",
        "logged": f"-{dialect['random']} * 400",
        "now": "0",
    }
    words = dialect | {name: dialect["instant"].format(days) for name, days in instants.items()}
    words |= {"separator": SEPARATOR, "person": "(SELECT min(id) FROM users_user)"}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**words), values)


def administrator() -> Any:
    from portal.users.models import User
    from tokens.models import Token

    user, now = User.objects.create(username="bench@example.com", role="administrator"), timezone.now()
    for number in range(30):
        token = Token(user=user, name=f"mine {number}", last_four="abcd", digest=number.to_bytes(32, "big"))
        token.created_at, token.expires_at = now - timedelta(days=number), now + timedelta(days=number + 1)
        token.save()
    return user
