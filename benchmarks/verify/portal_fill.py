"""Fills a database of the portal: people, their tokens, and the texts that the client sends."""

import hashlib
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from tokens import token_format

PEOPLE = """
    INSERT INTO users_user (password, username, email, display_name, role, kind, is_active, created_at, session_stamp, may_introspect)
    SELECT '!', 'user'||i||'@example.com', 'user'||i||'@example.com', 'Person '||i, 'user', 'person', true, now(), 'x', false
    FROM generate_series(1, %s) i"""
TOKENS = """COPY tokens_token
    (id, user_id, kind, name, digest, last_four, created_at, expires_at, holds_name, session_hash, refused_count) FROM STDIN"""
WAYS = random.Random(7)


def texts() -> Iterator[str]:
    """Tokens without end, of the portal's own form. Quicker than its generator, whose randomness they don't need."""
    while True:
        yield token_format.with_checksum(
            token_format.PERMANENT + "".join(WAYS.choices(token_format.ALPHABET, k=token_format.RANDOM_LENGTH))
        )


def fill(database: str, digests: Iterable[bytes], count: int, people: int) -> None:
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(PEOPLE, [people])
        first, now = cursor.execute("SELECT min(id), now() FROM users_user").fetchone() or (0, None)
        ends = cursor.execute("SELECT now() + interval '200 days'").fetchone()
        copy_tokens(cursor, itertools.islice(digests, count), range(first, first + people), (now, ends[0]))
    tidy(database)


def copy_tokens(cursor: psycopg.Cursor, digests: Iterable[bytes], owners: Sequence[int], times: tuple[Any, Any]) -> None:
    """`times`: when they were created, and when they expire."""
    with cursor.copy(TOKENS) as copy:
        for number, digest in enumerate(digests):
            key, owner = f"{WAYS.getrandbits(128):032x}", owners[number % len(owners)]
            copy.write_row((key, owner, "permanent", f"token-{number}", digest, "abcd", *times, True, "", 0))


def tidy(database: str) -> None:
    """What filling leaves behind is done here, and not while something is measured."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def portal(database: str, folder: Path, count: int, people: int, sent: int) -> str:
    """`sent`: how many of the tokens the client uses; beside 9 of them the file holds one that is well formed and unknown. Returns an
    administrator's token."""
    good = list(itertools.islice(texts(), count))
    fill(database, map(token_format.digest, good), count, people)
    used = WAYS.sample(good, sent)
    (folder / "portal").write_text("\n".join([*used, *itertools.islice(texts(), sent // 9)]))
    (folder / "garbage").write_text("\n".join(text[:-1] + ("A" if text[-1] != "A" else "B") for text in used[:10_000]))
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE users_user SET role = 'administrator' WHERE id = (SELECT min(id) FROM users_user)")
    return good[0]


def numbered() -> Iterator[bytes]:
    """Digests that pgbench's script can compute on the server: of the numbers from 1."""
    return (hashlib.sha256(str(number).encode()).digest() for number in itertools.count(1))
