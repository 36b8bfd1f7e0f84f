"""How often something may be tried, in rows that all processes share. Exact: of any number of simultaneous attempts, no more than
`amount` are let through in any span of `period`.

django-allauth counts in Django's cache, which keeps no such promise: the file cache throws out a third of its entries when there are
300 of them, its `add` is not atomic, and with Redis down there is no cache at all. Here the row is locked while it is read and
written, so the database that the password hash comes from anyway is all that a limit needs.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from portal.core.derived_secrets import derive
from portal.users.models import Throttle

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Rate:
    action: str
    amount: int
    period: timedelta


SIGN_IN_FORMS = Rate("sign-in forms of an address", 30, MINUTE)
FAILED_BY_ADDRESS = Rate("failed sign-ins of an address", 10, MINUTE)
FAILED_BY_SITE = Rate("failed sign-ins of an IPv6 site", 60, MINUTE)
FAILED_BY_ACCOUNT = Rate("failed sign-ins to an account", 5, 5 * MINUTE)
FAILED_BY_DEVICE = Rate("failed sign-ins to an account in a known browser", 5, 5 * MINUTE)
CONFIRMATIONS = Rate("password confirmations of a user", 10, MINUTE)
PASSWORD_CHANGES = Rate("password changes of a user", 5, MINUTE)
RESETS_BY_ADDRESS = Rate("password reset requests of an address", 20, MINUTE)
RESETS_BY_EMAIL = Rate("password reset requests for an email address", 5, 10 * MINUTE)
INVITATIONS = Rate("invitations of a user", 5, 10 * MINUTE)
NEW_PASSWORDS = Rate("new passwords of an address or a link", 20, MINUTE)
DEVICE_REQUESTS = Rate("device sign-in requests of an address", 30, 10 * MINUTE)
DEVICE_CODES_BY_ADDRESS = Rate("wrong device codes of an address", 30, 10 * MINUTE)
DEVICE_CODES_BY_USER = Rate("wrong device codes of a user", 10, 10 * MINUTE)

HOUR = 60 * MINUTE
# Three of a million codes are right at any time: by ten an hour, somebody who has the password needs years for an even chance.
CODES_BY_ACCOUNT = Rate("wrong two-factor codes of an account", 10, HOUR)
CODES_BY_DEVICE = Rate("wrong two-factor codes of an account in a known browser", 10, HOUR)
# A reader of the owner's email makes browsers known, one by each password reset.
CODES_BY_DEVICES = Rate("wrong two-factor codes of an account in all known browsers", 30, HOUR)
CODES_BY_ADDRESS = Rate("wrong two-factor codes of an address", 20, 10 * MINUTE)
SECOND_STEPS = Rate("second steps of an account from an address", 60, MINUTE)
# A whole company may share one address. There is nothing to guess; each makes a session's row.
PASSKEY_CEREMONIES = Rate("passkey sign-ins of an address", 600, MINUTE)
FACTOR_CHANGES = Rate("two-factor changes of a user", 20, 10 * MINUTE)


class Throttled(Exception):
    """Too many attempts. `retry_after`: seconds until the next one is let through."""

    def __init__(self, rate: Rate, retry_after: int) -> None:
        super().__init__(rate.action)
        self.rate = rate
        self.retry_after = retry_after


@dataclass(frozen=True)
class Attempt:
    key: str
    at: float


def hit(rate: Rate, subject: str, now: datetime) -> Attempt:
    """Counts an attempt by or on `subject` (an address, an account, a browser), or raises Throttled and counts nothing.

    Never inside a transaction: its end would decide whether the attempt counts, and the row would stay locked until then.
    """
    at, period = now.timestamp(), rate.period.total_seconds()
    with transaction.atomic(durable=True):
        row = locked(key_of(rate, subject), now)
        # An attempt of the near future comes from a host whose clock is ahead and counts; of the far future, from a clock set back.
        recent = sorted(each for each in row.attempts if abs(at - each) < period)
        allowed = len(recent) < rate.amount
        if allowed:
            row.attempts, row.ends_at = [*recent, at], now + rate.period
            row.save(update_fields=["attempts", "ends_at"])
    if allowed:
        return Attempt(row.key, at)
    raise Throttled(rate, max(1, math.ceil(recent[-rate.amount] + period - at)))


def give_back(attempts: list[Attempt]) -> None:
    """Uncounts attempts that succeeded. They were counted first, so that simultaneous ones cannot exceed the limit."""
    for attempt in attempts:
        with transaction.atomic(durable=True):
            row = Throttle.objects.select_for_update().filter(key=attempt.key).first()
            if row and attempt.at in row.attempts:
                row.attempts.remove(attempt.at)
                row.save(update_fields=["attempts"])


def clean_up(now: datetime) -> None:
    """Deletes rows whose last attempt does not count any more."""
    Throttle.objects.filter(ends_at__lt=now).delete()


def key_of(rate: Rate, subject: str) -> str:
    """A keyed hash: neither addresses nor the names that strangers typed can be read from the table or found by trying."""
    return derive("portal.users.throttle", f"{rate.action}:{subject}").hex()


def locked(key: str, now: datetime) -> Throttle:
    """The row, locked for the rest of the transaction. A new one is written by a statement that also locks what somebody else
    has inserted meanwhile."""
    rows = Throttle.objects.select_for_update().filter(key=key)
    if found := rows.first():
        return found
    Throttle.objects.bulk_create([Throttle(key=key, ends_at=now)], update_conflicts=True, update_fields=["ends_at"], unique_fields=["key"])
    return rows.get()
