"""The due tokens as the database sees them: one look as of one instant, at all of them or at one range.

A token is *due* while it is live, of an active owner, and has at most as many days left as the largest number in Config. Its
*threshold* is the tightest that it has reached. What is asked and written here are set operations: no row comes to Python.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from tokens import dates
from tokens.models import ScanRange
from tokens.scan.rules import Rules

SOURCE = "token-expiry"

# Where the databases differ. A fault's key is the token's id as 32 hexadecimal digits, which is how SQLite stores it.
KEY = {"postgresql": "encode(uuid_send(t.id), 'hex')", "sqlite": "t.id"}
DASHED = {
    "postgresql": "t.id::text",
    "sqlite": "substr(t.id, 1, 8) || '-' || substr(t.id, 9, 4) || '-' || substr(t.id, 13, 4) || '-' || substr(t.id, 17, 4) "
    "|| '-' || substr(t.id, 21)",
}
ENDS = {
    "postgresql": "to_char(t.expires_at - interval '1 microsecond', 'YYYY-MM-DD HH24:MI TZ')",
    "sqlite": "token_ends(t.expires_at)",
}
JSON = {"postgresql": ("jsonb_build_array", "jsonb_build_object"), "sqlite": ("json_array", "json_object")}

# A notice counts as told once it is queued, and no more once its mail was given up.
DELIVERABLE = "n.digest_id NOT IN (SELECT g.id FROM tokens_digest g WHERE g.state = 'failed')"
TOLD = f"""SELECT 1 FROM tokens_notice n WHERE n.token_id = due.id AND lower(n.address) = lower({{address}})
    AND n.threshold <= due.threshold AND {DELIVERABLE}"""  # noqa: S608


class Look:
    """The due tokens under `rules` as of `now`; of one range if `part` is given."""

    def __init__(self, rules: Rules, now: datetime, part: ScanRange | None = None) -> None:
        self.rules, self.now = rules, now
        self.vendor = connection.vendor
        before = [dates.due_before(days, now) for days in rules.thresholds]
        self.values: dict[str, Any] = {
            "source": SOURCE,
            "now": instant(now),
            "before": instant(before[-1] if before else now),  # without days nothing is due
            **{f"before_{days}": instant(limit) for days, limit in zip(rules.thresholds, before, strict=True)},
            **{f"address_{number}": address for number, address in enumerate(rules.addresses)},
        }
        self.range = self.bounds(part) if part else ""

    def due(self, columns: str) -> str:
        """SELECT of the due tokens `t` with their owners `u`."""
        return of_active(columns, f"t.expires_at > %(now)s AND t.expires_at <= %(before)s{self.range}")

    def bounds(self, part: ScanRange) -> str:
        """The condition of a range. Its values are added to the look's."""
        condition = ""
        for sign, at, token in ((">", "after_at", "after_id"), ("<=", "upto_at", "upto_id")):
            if getattr(part, at):
                self.values |= {at: instant(getattr(part, at)), token: key(getattr(part, token))}
                condition += f" AND (t.expires_at, t.id) {sign} (%({at})s, %({token})s)"
        return condition

    @property
    def threshold(self) -> str:
        bands = " ".join(f"WHEN t.expires_at <= %(before_{days})s THEN {days}" for days in self.rules.thresholds)
        return f"CASE {bands} END" if bands else "0"

    @property
    def key(self) -> str:
        return KEY[self.vendor]

    def brief(self) -> str:
        email = ", u.email" if self.rules.owners else ""
        return self.due(f"t.id, {self.key} AS key, {self.threshold} AS threshold{email}")

    def untold(self, due: str) -> str:
        """SELECT id, threshold, address: whom to tell of what. `due`: where the due tokens come from."""
        parts = []
        named = ", ".join(f"(%(address_{number})s)" for number in range(len(self.rules.addresses)))
        if named:
            told = TOLD.format(address="told.address")
            recipients = f"(SELECT column1 AS address FROM (VALUES {named}) AS given) AS told"  # noqa: S608
            parts.append(f"SELECT due.id, due.threshold, told.address FROM {due} CROSS JOIN {recipients} WHERE NOT EXISTS ({told})")  # noqa: S608
        if self.rules.owners:
            mine = "due.email <> ''" + "".join(f" AND lower(due.email) <> lower(%(address_{n})s)" for n in range(len(self.rules.addresses)))
            told = TOLD.format(address="due.email")
            parts.append(f"SELECT due.id, due.threshold, due.email AS address FROM {due} WHERE {mine} AND NOT EXISTS ({told})")  # noqa: S608
        return " UNION ALL ".join(parts) or "SELECT 1 WHERE 1 = 0"

    def recipients(self, most: int) -> tuple[int, list[str]]:
        """How many addresses there are that have to be told something, and the first of them."""
        if not self.rules.tells:
            return 0, []
        addresses = f"SELECT DISTINCT untold.address FROM ({self.untold(f'({self.brief()}) AS due')}) AS untold"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT address, count(*) OVER () FROM ({addresses}) AS told ORDER BY address LIMIT {most}", self.values)  # noqa: S608
            rows = cursor.fetchall()
        return (rows[0][1] if rows else 0), [address for address, _ in rows]

    def cuts(self, size: int) -> list[tuple[datetime, UUID]]:
        """Every `size`-th due token's expiry and id, soonest first: where to cut them into ranges."""
        with connection.cursor() as cursor:
            due = self.due("t.expires_at, t.id, row_number() OVER (ORDER BY t.expires_at, t.id) AS place")
            cursor.execute(
                f"SELECT expires_at, id FROM ({due}) AS due WHERE place %% %(size)s = 0 ORDER BY expires_at, id",  # noqa: S608
                self.values | {"size": size},
            )
            return [(aware(at), UUID(str(token))) for at, token in cursor.fetchall()]


def of_active(columns: str, condition: str) -> str:
    """SELECT of permanent tokens `t`, not revoked, of active owners. These are joined, as `u`, only if `columns` ask for them: it is
    quicker to leave out the few who are not active than to find the many who are."""
    tokens = f"SELECT {columns} FROM tokens_token t"  # noqa: S608
    permanent = f"t.kind = 'permanent' AND t.revoked_at IS NULL AND {condition}"
    if "u." in columns:
        return f"{tokens} JOIN users_user u ON u.id = t.user_id WHERE u.is_active AND {permanent}"
    away = "SELECT 1 FROM users_user u WHERE u.id = t.user_id AND NOT u.is_active"
    return f"{tokens} WHERE {permanent} AND NOT EXISTS ({away})"


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
            cursor.execute("ANALYZE faults_fault (source, key, cleared_at), tokens_notice (token_id, threshold, address, digest_id)")


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
