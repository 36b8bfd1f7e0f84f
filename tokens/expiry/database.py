"""Where the databases differ for the scan: expressions, and instants and ids as each of them stores them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from tokens import dates

# A fault's key is the token's id as 32 hexadecimal digits, which is how SQLite stores it.
HEX = {"postgresql": "encode(uuid_send({id}), 'hex')", "sqlite": "{id}"}
DASHED = {
    "postgresql": "t.id::text",
    "sqlite": "substr(t.id, 1, 8) || '-' || substr(t.id, 9, 4) || '-' || substr(t.id, 13, 4) || '-' || substr(t.id, 17, 4) "
    "|| '-' || substr(t.id, 21)",
}
ENDS = {
    "postgresql": "to_char(t.expires_at - interval '1 microsecond', 'YYYY-MM-DD HH24:MI TZ')",
    "sqlite": "token_ends(t.expires_at)",
}
IDS = {"postgresql": "SELECT unnest(%(touched)s::uuid[]) AS id", "sqlite": "SELECT value AS id FROM json_each(%(touched)s)"}
JSON = {"postgresql": ("jsonb_build_array", "jsonb_build_object"), "sqlite": ("json_array", "json_object")}


def instant(value: datetime) -> Any:
    """An instant as the database compares it."""
    return connection.ops.adapt_datetimefield_value(value)


def aware(value: datetime | str) -> datetime:
    """An instant as the database gave it."""
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def key(token: UUID) -> UUID | str:
    return token if connection.features.has_native_uuid_field else token.hex


def learn() -> None:
    """Tells PostgreSQL how much there is now. It plans by what it last knew, which after a first scan is "nothing": a statement that
    is quick for an empty table then takes minutes. Nobody else would tell it before a minute has passed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE faults_fault (source, key, cleared_at), tokens_notice (token_id, threshold, address, message_id)")


@contextmanager
def portal_zone() -> Iterator[None]:
    """In here the database writes instants in the portal's zone (`ENDS`). PostgreSQL does so by the session's zone, which is put
    back at once, since Django reads instants in UTC; on SQLite it is a function of ours."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("token_ends", 1, lambda text: dates.ends(aware(text)))
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [settings.TIME_ZONE])
        yield
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [connection.timezone_name])
