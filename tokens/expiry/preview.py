"""What a change of Config would do, in a sentence: counted by the scan's own queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import Error
from django.db.models import QuerySet

import settings_app.services as config
from portal.core.errors import ServiceError
from portal.core.transactions import statement_timeout
from tokens import dates
from tokens.expiry import queries
from tokens.expiry.policy import KEYS, Policy
from tokens.models import Token

log = structlog.get_logger(__name__)
LIFETIME = "token_lifetime_days"
PREVIEWED = (*KEYS, LIFETIME)
SHOWN = 10  # recipients that a preview holds
NAMED = 3  # those of them that the sentence names, before "and 998 more"
TIMEOUT = timedelta(seconds=5)  # somebody is typing: each digit is another preview


@dataclass(frozen=True)
class Preview:
    """What a scan would do. `recipients`: the first SHOWN of those who would get one of the `emails`."""

    raised: int
    cleared: int
    emails: int
    recipients: list[str]


def preview(key: str, text: str | None, now: datetime) -> Preview:
    """What a scan would do if Config's `key` had this value (None: its default). Writes nothing. Raises ServiceError."""
    policy = Policy.with_value(key, text)
    due = queries.due(policy, now)
    with statement_timeout(TIMEOUT):
        found = queries.compare(due, queries.SOURCE)
        emails, recipients = count_recipients(policy, due)
    return Preview(found.to_raise, found.to_clear, emails, recipients)


def count_recipients(policy: Policy, due: QuerySet[Token]) -> tuple[int, list[str]]:
    """How many recipients there are to notify of `due`, and the first SHOWN of them."""
    total = 0
    first: list[str] = []
    for each in queries.with_recipients(due, policy):
        recipients = queries.unnotified(each).values_list("recipient", flat=True).order_by("recipient").distinct()
        total += recipients.count()
        first += recipients[:SHOWN]
    return total, sorted(first)[:SHOWN]


def words(key: str, value: str | None, now: datetime) -> str:
    """ "" for a key that has no preview, and while nothing is typed. `value` None: the key is deleted."""
    if key not in PREVIEWED or (value is not None and not value.strip()):
        return ""
    try:
        if key == LIFETIME:
            return lifetime_sentence(config.typed(key, value), now)
        return sentence(preview(key, value, now))
    except ServiceError as error:
        return f"Preview unavailable: {error}"
    except Error as error:  # busy with a scan, perhaps; the change itself can be submitted nevertheless
        log.warning("no preview", error=type(error).__name__)
        return "Preview unavailable: the database is busy. You can submit the change anyway."


def sentence(found: Preview) -> str:
    """`Would raise 41 faults, clear 3 and send 2 emails (to ops@example.com and security@example.com).`"""
    parts = []
    if found.raised:
        parts.append(f"raise {counted(found.raised, 'fault')}")
    if found.cleared:
        parts.append(f"clear {found.cleared:,}" if found.raised else f"clear {counted(found.cleared, 'fault')}")
    if found.emails:
        parts.append(f"send {counted(found.emails, 'email')} (to {names(found)})")
    return f"Would {joined(parts)}." if parts else "No immediate effect: no faults raised or cleared, no emails sent."


def lifetime_sentence(days: int, now: datetime) -> str:
    """What a new maximum of `days` means for the tokens that there are: nothing, which is not what everybody expects."""
    later = Token.objects.permanent().active(now).filter(expires_at__gt=dates.due_before(days, now)).count()
    after = f"{later:,} of them {'expires' if later == 1 else 'expire'} later than a new token could" if later else "none expires later"
    return f"Applies to new tokens. Existing tokens keep their expiry date; {after}."


def counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def names(found: Preview) -> str:
    named = found.recipients[:NAMED]
    more = found.emails - len(named)
    return joined([*named, f"{more:,} more"] if more else named)


def joined(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
