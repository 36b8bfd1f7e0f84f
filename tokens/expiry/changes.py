"""What a scan has to look at. Everything, or, if an earlier scan saw everything by the same rules, only what changed since: that is
written down by triggers, or moved by time alone.

The run to build on is handed from scan to scan together with the changes, in the transaction that looks at them: a scan that fails
leaves both to the next one, and one that does not end in one transaction leaves nothing to build on.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from tokens import dates
from tokens.expiry import triggers
from tokens.expiry.policy import Rules
from tokens.expiry.queries import Look, Since
from tokens.models import ScanRun

MOST = 250  # changes that come to Python; with more it is quicker to look at everything
VERSION = 1  # to be raised when a scan finds something else in the same data
COMPLETE_EVERY = timedelta(days=1)  # whatever was not written down, such as by a database without its triggers, waits no longer
TAKE = {  # PostgreSQL must do both in one statement: another one would see, and delete, what was written down in between
    "postgresql": ("WITH taken AS (DELETE FROM tokens_change RETURNING key) SELECT DISTINCT key FROM taken LIMIT %s",),
    "sqlite": ("SELECT DISTINCT key FROM tokens_change LIMIT %s", "DELETE FROM tokens_change"),
}


def take(rules: Rules, now: datetime) -> Since | None:
    """What changed since the last scan; None: everything has to be looked at. To be asked before the first look: what happens
    after it is written down for the next scan, whether this one still sees it or not."""
    keys = take_keys()
    earlier = ScanRun.objects.exclude(rules="").first()
    if earlier is None:
        return None
    ScanRun.objects.filter(pk=earlier.pk).update(rules="")
    builds = (
        earlier.rules == described(rules, earlier.started_at)
        and earlier.started_at <= now < earlier.complete_at + COMPLETE_EVERY
        and len(keys) <= MOST
        and not rules.nobody_is_named  # that is about users, who are not written down
        and triggers.are_there()
    )
    if not builds:
        return None
    try:
        return Since(earlier.started_at, [UUID(key) for key in keys], earlier.complete_at)
    except ValueError:  # all tokens, or no token at all
        return None


def take_keys() -> list[str]:
    """Of up to MOST + 1 changes; all are deleted."""
    select, *more = TAKE[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(select, [MOST + 1])
        keys = [key for (key,) in cursor.fetchall()]
        for statement in more:
            cursor.execute(statement)
    return keys


def described(rules: Rules, moment: datetime) -> str:
    """What decides, beside the data, what a scan as of `moment` finds; with the instants, so that other zone data are other rules."""
    return f"{VERSION} {rules} {settings.TIME_ZONE} {[dates.due_before(days, moment).timestamp() for days in rules.thresholds]}"


def leave(run: ScanRun, look: Look) -> None:
    """What the next scan may build on: `run` has done all that `look` found."""
    complete_at = look.since.complete_at if look.since else look.now
    ScanRun.objects.filter(pk=run.pk).update(rules=described(look.rules, look.now), complete_at=complete_at)
