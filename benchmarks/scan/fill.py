"""Fills a database of the portal for the scan: people with 20 tokens each, a share of which is due; two addresses to tell."""

import hashlib
import itertools
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import connection

from portal.users.models import User
from settings_app.models import Config
from tokens import dates
from tokens.models import Token

DAYS, ADDRESSES = "30;7;1", ("ops@example.com", "security@example.com")
TOKENS_EACH = 20
AWAY = 50  # each fiftieth person is not active, and has no tokens
ENDED = 0.02  # of all tokens, in the last 60 days; each twentieth of these was rejected since
BATCH = 5000
COLUMNS = ["id", "user_id", "kind", "name", "digest", "last_four", "created_at", "expires_at"]
COLUMNS += ["last_used_at", "holds_name", "session_hash", "refused_count", "refused_at"]
NOTIFIED = f"""SELECT t.id, days, address, date_trunc('day', t.expires_at - days * interval '1 day') AS notified_at
    FROM tokens_token t, unnest(ARRAY[{DAYS.replace(";", ",")}]) AS days, unnest(ARRAY{list(ADDRESSES)}) AS address
    WHERE t.expires_at < now() - interval '1 day'"""
WRITTEN = ("tokens_notice", "tokens_scanrun", "faults_fault", "notifications_message")


def fill(now: datetime, count: int, share: float) -> None:
    call_command("migrate", verbosity=0)
    names = ((n, f"user{n}@example.com") for n in range(max(count // TOKENS_EACH, AWAY)))
    people = (User(username=name, email=name, is_active=bool(n % AWAY)) for n, name in names)
    while batch := list(itertools.islice(people, BATCH)):
        User.objects.bulk_create(batch)
    users = list(User.objects.filter(is_active=True).values_list("pk", flat=True))
    store(rows(users, count, share, now))
    Config.objects.create(key="token_expiration_days", value=DAYS)
    Config.objects.create(key="token_expiration_emails", value=";".join(ADDRESSES))
    vacuum()


def rows(users: list[int], count: int, share: float, now: datetime) -> Iterator[tuple]:
    """`share` of them end before the last day that is warned of, ENDED lately, the others in the year to come."""
    ways = random.Random(7)
    limit, year = dates.due_before(int(DAYS.split(";")[0]), now), now + timedelta(days=366)
    for number in range(count):
        place = ways.random()
        refused = None
        if place < share:
            ends = limit - ways.random() * (limit - now)
        elif place < share + ENDED:
            ends = now - ways.random() * timedelta(days=60)
            refused = now - ways.random() * (now - ends) if ways.random() < 0.05 else None
        else:
            ends = year - ways.random() * (year - limit)
        created = ends - timedelta(days=366)
        used = max(created, min(now, ends) - ways.random() * timedelta(days=60))
        key, digest = uuid.UUID(int=ways.getrandbits(128)), hashlib.sha256(str(number).encode()).digest()
        user = users[number % len(users)]
        yield key, user, "permanent", f"token-{number}", digest, "abcd", created, ends, used, True, "", int(bool(refused)), refused


def store(tokens: Iterator[tuple]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY tokens_token ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in tokens:
                copy.write_row(row)
        return
    while batch := list(itertools.islice(tokens, BATCH)):
        Token.objects.bulk_create(Token(**dict(zip(COLUMNS, row, strict=True))) for row in batch)


def empty() -> None:
    """As before the first scan: no fault, no notice, no run."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")
        else:
            for table in WRITTEN:
                cursor.execute(f"DELETE FROM {table}")
    vacuum()


def remember() -> None:
    """What earlier scans leave behind: each token that has ended was notified at each threshold, by an email a day and address."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY VIEW notified AS {NOTIFIED}")
        cursor.execute("""INSERT INTO notifications_message (channel, kind, recipient, subject, about, state, attempts, next_attempt_at,
                message_id, last_error, created_at, last_attempt_at, sent_at)
            SELECT 'email', 'expiry_digest', address, '', '{}', 'sent', 1, notified_at, gen_random_uuid(), '', notified_at, notified_at, notified_at
            FROM (SELECT DISTINCT address, notified_at FROM notified) AS digests""")
        cursor.execute("""INSERT INTO tokens_notice (token_id, threshold, address, message_id, created_at)
            SELECT t.id, t.days, t.address, m.id, notified_at FROM notified t JOIN notifications_message m ON m.recipient = t.address AND m.created_at = notified_at
            ORDER BY notified_at""")
    vacuum()


def vacuum() -> None:
    """As autovacuum leaves a PostgreSQL. SQLite stays as the portal has it, which never asks it for statistics."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
