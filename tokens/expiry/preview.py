"""What a change of Config would do, in a sentence: found by the same look as the scan's, which writes nothing."""

from datetime import datetime

import structlog
from django.db import Error

import settings_app.services as config
from portal.core.errors import ServiceError
from tokens import dates
from tokens.expiry import scan as expiry
from tokens.models import Token
from tokens.receivers import SCAN_KEYS

log = structlog.get_logger(__name__)
LIFETIME = "token_lifetime_days"
PREVIEWED = (*SCAN_KEYS, LIFETIME)
NAMED = 3  # addresses, before "and 998 more"


def words(key: str, value: str | None, now: datetime) -> str:
    """ "" for a key that has no preview, and while nothing is typed. `value` None: the key is deleted."""
    if key not in PREVIEWED or (value is not None and not value.strip()):
        return ""
    try:
        if key == LIFETIME:
            return lifetime_sentence(config.typed(key, value), now)
        return sentence(expiry.preview(key, value, now))
    except ServiceError as error:
        return f"No preview: {error}"
    except Error as error:  # busy with a scan, perhaps; the change itself can be sent all the same
        log.warning("no preview", error=type(error).__name__)
        return "No preview: the database is busy. You can submit all the same."


def sentence(found: expiry.Preview) -> str:
    """`Would raise 41 faults, clear 3 and send 2 mails (to ops@example.com and security@example.com).`"""
    parts = []
    if found.raised:
        parts.append(f"raise {counted(found.raised, 'fault')}")
    if found.cleared:
        parts.append(f"clear {found.cleared:,}" if found.raised else f"clear {counted(found.cleared, 'fault')}")
    if found.mails:
        parts.append(f"send {counted(found.mails, 'mail')} (to {recipients(found)})")
    return f"Would {joined(parts)}." if parts else "Would change nothing now: no fault is raised or cleared, and no mail is sent."


def lifetime_sentence(days: int, now: datetime) -> str:
    """What a new maximum of `days` means for the tokens that there are: nothing, which is not what everybody expects."""
    later = Token.objects.permanent().live(now).filter(expires_at__gt=dates.due_before(days, now)).count()
    after = f"{later:,} of them {'expires' if later == 1 else 'expire'} later than a new token could" if later else "none expires later"
    return f"Applies to new tokens. Tokens that already exist keep their expiry date; {after}."


def counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def recipients(found: expiry.Preview) -> str:
    named = found.addresses[:NAMED]
    more = found.mails - len(named)
    return joined([*named, f"{more:,} more"] if more else named)


def joined(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
