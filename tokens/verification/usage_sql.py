"""Writes uses to the database (usage.py keeps them until then): conditional UPDATEs, on PostgreSQL one for many rows.

They write rows that are free and leave the others for the next time: a statement that waited for several rows could lock out, and be
locked out by, an administrator's one. A use is not written either while the row holds one (of another process) that is newer,
or younger than `before`. A use whose address nobody knows leaves the one that is there.
"""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

# By the token's id as a number: a UUID is hashed and compared in Python, and is work for the garbage collector.
AcceptedUses = dict[int, tuple[datetime, str | None]]
RejectedUses = dict[int, tuple[int, datetime, str | None]]
MOST_COUNTED = 2**31 - 1  # what the column holds

# Both return the ids that were not written. LATERAL looks each row up by its key, however many tokens there are: a plain join reads
# the whole table for some hundred rows.
ACCEPTED = {
    "postgresql": """WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[]) AS v(id, at, address)),
        done AS (UPDATE tokens_token t SET last_used_at = v.at, last_used_from = coalesce(v.address, t.last_used_from)
            FROM given v CROSS JOIN LATERAL (SELECT f.ctid FROM tokens_token f
                WHERE f.id = v.id AND (f.last_used_at IS NULL OR f.last_used_at < v.at AND f.last_used_at <= %s)
                FOR NO KEY UPDATE SKIP LOCKED) AS free
            WHERE t.ctid = free.ctid RETURNING t.id)
        SELECT id FROM given EXCEPT SELECT id FROM done""",
    "sqlite": """UPDATE tokens_token SET last_used_at = %s, last_used_from = coalesce(%s, last_used_from)
        WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s AND last_used_at <= %s)""",
}
REJECTED = {
    "postgresql": """WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[], %s::bigint[]) AS v(id, at, address, n)),
        done AS (UPDATE tokens_token t SET refused_count = least(t.refused_count + v.n, %s),
                refused_from = CASE WHEN t.refused_at > v.at THEN t.refused_from ELSE coalesce(v.address, t.refused_from) END,
                refused_at = greatest(t.refused_at, v.at)
            FROM given v CROSS JOIN LATERAL (SELECT f.ctid FROM tokens_token f WHERE f.id = v.id FOR NO KEY UPDATE SKIP LOCKED) AS free
            WHERE t.ctid = free.ctid RETURNING t.id)
        SELECT id FROM given EXCEPT SELECT id FROM done""",
    "sqlite": """UPDATE tokens_token SET refused_count = min(refused_count + %s, %s),
            refused_from = CASE WHEN refused_at > %s THEN refused_from ELSE coalesce(%s, refused_from) END,
            refused_at = max(coalesce(refused_at, ''), %s)
        WHERE id = %s""",
}


def write(accepted: AcceptedUses, rejected: RejectedUses, before: datetime) -> tuple[set[int], set[int]]:
    """Returns the ids whose uses were written, and those whose rejected uses were. All or nothing."""
    accepted_rows = [(f"{key:032x}", *use) for key, use in accepted.items()]
    rejected_rows = [(f"{key:032x}", at, address, count) for key, (count, at, address) in rejected.items()]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            left = many(cursor, ACCEPTED["postgresql"], accepted_rows, before)
            uncounted = many(cursor, REJECTED["postgresql"], rejected_rows, MOST_COUNTED)
        else:
            left = {row[0] for row in accepted_rows if not one(cursor, ACCEPTED["sqlite"], *accepted_values(*row, before))}
            uncounted = {row[0] for row in rejected_rows if not one(cursor, REJECTED["sqlite"], *rejected_values(*row))}
    return accepted.keys() - {int(key, 16) for key in left}, rejected.keys() - {int(key, 16) for key in uncounted}


def many(cursor: Any, statement: str, rows: list[tuple[Any, ...]], *more: Any) -> set[str]:
    """Returns the ids of the rows that were not written."""
    if not rows:
        return set()
    cursor.execute(statement, [*map(array, zip(*rows, strict=True)), *more])
    return {token_id.hex for (token_id,) in cursor.fetchall()}


def array(values: tuple[Any, ...]) -> str:
    """PostgreSQL's text of an array. Ids, instants, addresses and counts hold nothing that has to be quoted. psycopg's own way costs
    four times as much, all of it taken from the thread that answers requests."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def one(cursor: Any, statement: str, *values: Any) -> bool:
    cursor.execute(statement, values)
    return cursor.rowcount == 1


def accepted_values(key: str, at: datetime, address: str | None, before: datetime) -> tuple[Any, ...]:
    return stored(at), address, key, stored(at), stored(before)


def rejected_values(key: str, at: datetime, address: str | None, count: int) -> tuple[Any, ...]:
    return count, MOST_COUNTED, stored(at), address, stored(at), key


def stored(instant: datetime) -> str | None:
    """An instant as Django writes it on SQLite."""
    return connection.ops.adapt_datetimefield_value(instant)
