"""The one UPDATE that entries of the audit trail get: a different value for each row, which the ORM would write as a CASE of a thousand
branches."""

from typing import NamedTuple

from django.db import DatabaseError, connection

POSTGRES = """
UPDATE audit_entry SET sequence = sealed.sequence, previous_hash = sealed.previous_hash, hash = sealed.hash
FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::integer[]) AS sealed (id, sequence, previous_hash, hash, count)
WHERE audit_entry.id = sealed.id AND audit_entry.sequence IS NULL AND audit_entry.count = sealed.count"""
SQLITE = "UPDATE audit_entry SET sequence = %s, previous_hash = %s, hash = %s WHERE id = %s AND sequence IS NULL AND count = %s"


class Sealed(NamedTuple):
    """`read_count`: the entry's count as it was when the hash was made of it."""

    id: int
    sequence: int
    previous_hash: bytes
    hash: bytes
    read_count: int


class Changed(DatabaseError):
    """An entry was changed between being read and being sealed. The transaction is rolled back, and the next run seals it."""


def store(rows: list[Sealed]) -> None:
    """Raises Changed."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(SQLITE, [(row.sequence, row.previous_hash, row.hash, row.id, row.read_count) for row in rows])
        if cursor.rowcount != len(rows):
            raise Changed(f"{len(rows) - cursor.rowcount} of {len(rows)} entries changed")
