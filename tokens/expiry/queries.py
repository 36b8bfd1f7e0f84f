"""The due tokens as the database sees them: one look as of one instant, at all of them or at one range.

A token is *due* while it is live, of an active owner, and has at most as many days left as the largest number in Config. Its
*threshold* is the tightest that it has reached. What is asked and written here are set operations: no row comes to Python.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tokens import dates
from tokens.expiry.database import HEX, IDS, aware, instant, key
from tokens.expiry.policy import Rules
from tokens.models import ScanRange

SOURCE = "token-expiry"
PERMANENT = "t.kind = 'permanent' AND t.revoked_at IS NULL"  # what the index of due tokens holds

# A notice counts as told once it is queued, and no more once its mail was given up.
DELIVERABLE = "NOT EXISTS (SELECT 1 FROM notifications_message m WHERE m.id = n.message_id AND m.state = 'failed')"
TOLD = f"""SELECT 1 FROM tokens_notice n WHERE n.token_id = due.id AND lower(n.address) = lower({{address}})
    AND n.threshold <= due.threshold AND {DELIVERABLE}"""  # noqa: S608


@dataclass(frozen=True)
class Since:
    """All that may be otherwise than a scan as of `moment` left it: what time moved since, and what happened to `tokens`.

    `complete_at`: as of when all tokens were last looked at."""

    moment: datetime
    tokens: list[UUID]
    complete_at: datetime


class Look:
    """The due tokens under `rules` as of `now`; of one range if `part` is given; those that may be otherwise than an earlier scan left
    them if `since` is."""

    def __init__(self, rules: Rules, now: datetime, part: ScanRange | None = None, since: Since | None = None) -> None:
        self.rules, self.now, self.since = rules, now, since
        self.vendor = connection.vendor
        before = [dates.due_before(days, now) for days in rules.thresholds]
        self.values: dict[str, Any] = {
            "source": SOURCE,
            "now": instant(now),
            "before": instant(before[-1] if before else now),  # without days nothing is due
            **{f"before_{days}": instant(limit) for days, limit in zip(rules.thresholds, before, strict=True)},
            **{f"address_{number}": address for number, address in enumerate(rules.addresses)},
        }
        self.narrowed = self.bounds(part) if part else ""
        if since:
            self.touched = self.touched_since(since)
            self.narrowed = f" AND t.id IN ({self.touched})"

    def due(self, columns: str) -> str:
        """SELECT of the due tokens `t` with their owners `u`."""
        return self.all_due(columns) + self.narrowed

    def all_due(self, columns: str) -> str:
        """The same, even if this is a look at a part of them."""
        return of_active(columns, "t.expires_at > %(now)s AND t.expires_at <= %(before)s")

    def bounds(self, part: ScanRange) -> str:
        """The condition of a range. Its values are added to the look's."""
        condition = ""
        for sign, at, token in ((">", "after_at", "after_id"), ("<=", "upto_at", "upto_id")):
            if getattr(part, at):
                self.values |= {at: instant(getattr(part, at)), token: key(getattr(part, token))}
                condition += f" AND (t.expires_at, t.id) {sign} (%({at})s, %({token})s)"
        return condition

    def touched_since(self, since: Since) -> str:
        """SELECT of the ids of tokens that something happened to, and of those that have ended or come nearer to it than another number
        of days. Its values are added to the look's."""
        tokens = since.tokens if self.vendor == "postgresql" else json.dumps([token.hex for token in since.tokens])
        self.values |= {"touched": tokens, "since": instant(since.moment)}
        self.values |= {f"since_{days}": instant(dates.due_before(days, since.moment)) for days in self.rules.thresholds}
        spans = [("since", "now"), *((f"since_{days}", f"before_{days}") for days in self.rules.thresholds)]
        self.passed = [
            f"SELECT t.id FROM tokens_token t WHERE {PERMANENT} AND t.expires_at > %({start})s AND t.expires_at <= %({end})s"  # noqa: S608
            for start, end in spans
        ]
        return " UNION ALL ".join([IDS[self.vendor], *self.passed])

    def moved(self, most: int) -> int:
        """How many tokens time has moved since; counts to one more than `most`."""
        passed = " UNION ALL ".join(self.passed)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM ({passed}) AS passed LIMIT {most + 1}) AS moved", self.values)  # noqa: S608
            return cursor.fetchone()[0]

    def touched_keys(self) -> str:
        """SELECT of their faults' keys."""
        return f"SELECT {self.key} FROM ({self.touched}) AS t"  # noqa: S608

    @property
    def threshold(self) -> str:
        bands = " ".join(f"WHEN t.expires_at <= %(before_{days})s THEN {days}" for days in self.rules.thresholds)
        return f"CASE {bands} END" if bands else "0"

    @property
    def key(self) -> str:
        return HEX[self.vendor].format(id="t.id")

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
    if "u." in columns:
        return f"{tokens} JOIN users_user u ON u.id = t.user_id WHERE u.is_active AND {PERMANENT} AND {condition}"
    away = "SELECT 1 FROM users_user u WHERE u.id = t.user_id AND NOT u.is_active"
    return f"{tokens} WHERE {PERMANENT} AND {condition} AND NOT EXISTS ({away})"
