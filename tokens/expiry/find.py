"""What a scan would change: one statement, which looks and writes nothing. Most scans end with that."""

from typing import NamedTuple

from django.db import connection

from tokens.expiry.digest import DIGEST, UNDELIVERED
from tokens.expiry.faults import IN_USE, NOBODY, ended, ended_values
from tokens.expiry.queries import DELIVERABLE, SOURCE, Look

LEFT = f"""EXISTS (SELECT 1 FROM faults_fault WHERE cleared_at IS NULL AND source IN ('{NOBODY}', '{UNDELIVERED}'))
    OR EXISTS (
        SELECT 1 FROM notifications_message WHERE kind = '{DIGEST}' AND state = 'queued' AND attempts = 0 AND next_attempt_at > %(now)s)"""  # noqa: S608


class Found(NamedTuple):
    """How many tokens are due, how many faults say so already, how many of these to raise and to clear, how many notices to write.
    `rest`: there may be something else to do."""

    due: int
    known: int
    to_raise: int
    to_clear: int
    to_tell: int
    rest: bool

    @property
    def changes(self) -> int:
        return self.to_raise + self.to_clear + self.to_tell

    @property
    def adds_up(self) -> bool:
        """Will there be a fault for each due token? Always, after a look at everything."""
        return self.known + self.to_raise - self.to_clear == self.due

    @property
    def nothing(self) -> bool:
        return not (self.changes or self.rest)


def find(look: Look) -> Found:
    """Looks at the due tokens and their faults and notices. A fault is open once for each key, by constraint, so that numbers will do."""
    among = f" AND key IN ({look.touched_keys()})" if look.since else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH due AS MATERIALIZED ({look.brief()}), ended AS MATERIALIZED ({ended(look, f"{look.key} AS key")})
            SELECT {counts("due", SOURCE, among)}, {counts("ended", IN_USE)}, ({told(look)}), {LEFT}, {totals(look)}""",
            look.values | ended_values(look),
        )
        due, opened, due_and_open, *in_use, told_of, left, all_due, known = cursor.fetchone()
    to_tell = 0 if told_of == due * len(look.rules.addresses) and not look.rules.owners else missing(look)
    rest = bool(left) or len(set(in_use)) > 1 or look.rules.nobody_is_named
    if not look.since:
        all_due, known = due, opened
    return Found(all_due, known, due - due_and_open, opened - due_and_open, to_tell, rest)


def totals(look: Look) -> str:
    """How many tokens are due and how many faults say so, whatever part of them `look` is at."""
    if not look.since:
        return "0, 0"
    known = f"SELECT count(*) FROM faults_fault WHERE cleared_at IS NULL AND source = '{SOURCE}'"  # noqa: S608
    return f"({look.all_due('count(*)')}), ({known})"


def counts(tokens: str, source: str, among: str = "") -> str:
    """How many tokens there are, how many faults are open, and how many of these are the tokens'."""
    opened = f"(SELECT key FROM faults_fault WHERE cleared_at IS NULL AND source = '{source}'{among}) AS opened"  # noqa: S608
    return f"""(SELECT count(*) FROM {tokens}), (SELECT count(*) FROM {opened}),
        (SELECT count(*) FROM {tokens} JOIN {opened} ON opened.key = {tokens}.key)"""  # noqa: S608


def told(look: Look) -> str:
    """SELECT of how many notices there are at the very threshold that a due token has reached. Nearly always these are all, and to
    count them takes half as long as to look for what is missing."""
    if not look.rules.addresses:
        return "0"
    named = ", ".join(f"%(address_{number})s" for number in range(len(look.rules.addresses)))
    return f"""SELECT count(*) FROM due JOIN tokens_notice n ON n.token_id = due.id AND n.threshold = due.threshold
        WHERE n.address IN ({named}) AND {DELIVERABLE}"""  # noqa: S608


def missing(look: Look) -> int:
    """How many notices there are to write."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({look.untold(f'({look.brief()}) AS due')}) AS untold", look.values)  # noqa: S608
        return cursor.fetchone()[0]
