"""A connection to PostgreSQL for look-ups in the event loop, and the two statements that it sends (batches.py decides when).

psycopg connects; the statements are sent and read with its binding of libpq, which costs a third of a cursor's time.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, Self

import psycopg
from django.db import connection as django_connection
from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

from tokens.verification.lookup import MOST_SECONDS, Stored

COLUMNS = """
    t.id, t.kind, t.name, t.digest, t.created_at, t.expires_at, t.revoked_at, t.session_hash,
    u.id, u.username, u.role, u.may_introspect, u.is_active, u.session_stamp,
    CASE WHEN t.kind = 'temporary' THEN u.password ELSE '' END
"""
SELECT = f"SELECT {COLUMNS} FROM tokens_token t JOIN users_user u ON u.id = t.user_id WHERE t.digest = $1".encode()  # noqa: S608
SELECT_MANY = SELECT.replace(b"= $1", b"= ANY($1::bytea[])")
# A name that says which statement it is: behind a pooler another release of the portal may have prepared one on the same connection.
NAMES = {text: b"portal_" + sha256(text).hexdigest()[:16].encode() for text in (SELECT, SELECT_MANY)}
# A pooler hands each transaction to whichever server connection is free: `prepared statement does not exist`, or `already exists`.
NOT_PREPARED_HERE = (b"26000", b"42P05")
MAKE = partial(tuple.__new__, Stored)  # Stored._make without its check of the length
Rows = dict[bytes, Stored]


class PreparedElsewhere(psycopg.OperationalError):
    """Prepared statements do not work on this connection: there is a pooler in transaction mode between."""


class Connection:
    """One connection to PostgreSQL: at most one round trip at a time."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], prepared: bool) -> None:
        self.connection, self.pgconn, self.prepared = connection, connection.pgconn, prepared
        self.transformer = Transformer(connection)
        self.loaders_wanted = True  # once: the columns stay what they are
        self.reply: asyncio.Future[PGresult] | None = None
        self.result: PGresult | None = None
        self.loop = asyncio.get_running_loop()
        self.pgconn.nonblocking = 1
        # One of our own: libpq closes its descriptor when the server ends the connection, before the loop can be told.
        self.descriptor = os.dup(self.pgconn.socket)
        self.loop.add_reader(self.descriptor, self.read)

    @classmethod
    async def open(cls, prepared: bool) -> Self:
        """Raises psycopg's errors."""
        settings = django_connection.get_connection_params()
        for key in ("cursor_factory", "context", "prepare_threshold"):  # Django's own
            settings.pop(key, None)
        self = cls(await psycopg.AsyncConnection.connect(autocommit=True, **settings), prepared)
        try:
            for text, name in NAMES.items() if prepared else ():
                self.pgconn.send_prepare(name, text)
                check(await self.sent(), ExecStatus.COMMAND_OK)
        except BaseException:
            self.close()
            raise
        return self

    def sent(self) -> asyncio.Future[PGresult]:
        """Sends what is in libpq's buffer. The future has the server's result, or a psycopg error."""
        self.reply, self.result = self.loop.create_future(), None
        if self.pgconn.flush():
            self.loop.add_writer(self.descriptor, self.flush)
        return self.reply

    def flush(self) -> None:
        """Called when the socket can be written, for what it did not take at first."""
        try:
            if self.pgconn.flush():
                return
        except psycopg.Error:
            pass  # `read` is told too
        self.loop.remove_writer(self.descriptor)

    def fetch(self, digests: Sequence[bytes]) -> asyncio.Future[PGresult]:
        """Asks for the tokens with these digests; `rows` makes them of the result. Raises psycopg's errors."""
        if len(digests) == 1:
            text, value, form = SELECT, digests[0], Format.BINARY
        else:
            text, form = SELECT_MANY, Format.TEXT
            value = b"{" + b",".join(b'"\\\\x%b"' % digest.hex().encode() for digest in digests) + b"}"
        if self.prepared:
            self.pgconn.send_query_prepared(NAMES[text], (value,), (form,), Format.BINARY)
        else:
            self.pgconn.send_query_params(text, (value,), None, (form,), Format.BINARY)
        return self.sent()

    def rows(self, result: PGresult) -> Rows:
        check(result, ExecStatus.TUPLES_OK)
        if not result.ntuples:
            return {}
        self.transformer.set_pgresult(result, set_loaders=self.loaders_wanted)
        self.loaders_wanted = False
        return {row.digest: row for row in self.transformer.load_rows(0, result.ntuples, MAKE)}

    def read(self) -> None:
        """Called when the socket can be read, whether or not something was asked."""
        try:
            self.pgconn.consume_input()
            while not self.pgconn.is_busy():
                result = self.pgconn.get_result()
                if result is None:
                    break
                self.result = self.result or result
            else:
                return
            if self.result is None:
                return  # a notice, or a setting that the server announces
        except Exception as error:
            self.close()
            self.finish(error)
            return
        self.finish(self.result)

    def finish(self, outcome: PGresult | Exception) -> None:
        reply, self.reply, self.result = self.reply, None, None
        if reply is None or reply.done():
            return
        if isinstance(outcome, Exception):
            reply.set_exception(outcome)
        else:
            reply.set_result(outcome)

    def closed(self) -> bool:
        return self.pgconn.status != psycopg.pq.ConnStatus.OK

    def close(self) -> None:
        if self.descriptor >= 0:
            self.loop.remove_reader(self.descriptor)
            self.loop.remove_writer(self.descriptor)
            os.close(self.descriptor)
            self.descriptor = -1
        self.pgconn.finish()

    async def give_up(self) -> None:
        """Closes the connection, and has the server end the statement, which could otherwise wait there for a lock for ever."""
        try:
            with suppress(psycopg.Error, OSError):
                await self.connection.cancel_safe(timeout=MOST_SECONDS)
        finally:
            self.close()


def check(result: PGresult, expected: ExecStatus) -> None:
    """Raises psycopg.OperationalError if the server says something else than what is expected."""
    if result.status == expected:
        return
    state = result.error_field(DiagnosticField.SQLSTATE) or b""
    message = result.error_message.decode(errors="replace")
    raise (PreparedElsewhere if state in NOT_PREPARED_HERE else psycopg.OperationalError)(message)
