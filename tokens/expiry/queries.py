"""The rows that the scan reads, as querysets: due tokens, those without a fault, those that somebody must still be notified of.

A token is *due* while it is active, its owner is, and it has at most as many days left as the largest threshold. All of these are
set operations in the database: one statement each, however many tokens there are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, CharField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.db.models.sql.compiler import SQLCompiler

from portal.directory.models import Ownership
from portal.faults.models import Fault
from portal.notifications.models import Message
from portal.users.models import User
from tokens import dates
from tokens.expiry.policy import Policy
from tokens.models import Notice, Token

SOURCE = "token-expiry"
USED_WITHIN = timedelta(days=30)  # before its expiry
QUIET_AFTER = timedelta(days=7)


class Difference(NamedTuple):
    """How many tokens there are, and how many faults to raise and to clear until each of them has one, and no other."""

    tokens: int
    to_raise: int
    to_clear: int


class FaultKey(Func):
    """The key of a token's fault: its id as 32 hexadecimal digits, which is how SQLite stores it."""

    output_field = CharField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="encode(uuid_send(%(expressions)s), 'hex')", **context)


def due(policy: Policy, now: datetime) -> QuerySet[Token]:
    """The due tokens, with the `key` of their fault and the smallest `threshold` that they have reached."""
    limits = policy.limits(now)
    reached = Case(*(When(expires_at__lte=limit, then=days) for days, limit in limits.items()), default=0, output_field=IntegerField())
    last = max(limits.values(), default=now)  # without thresholds nothing is due
    tokens = of_active_owners(Token.objects.permanent().active(now).filter(expires_at__lte=last))
    return tokens.annotate(key=FaultKey("pk"), threshold=reached)


def of_active_owners(tokens: QuerySet[Token]) -> QuerySet[Token]:
    """Leaving out the few inactive owners is quicker than joining the many active ones: the index of due tokens has all that is read."""
    return tokens.exclude(user__in=User.objects.filter(is_active=False))


def compare(tokens: QuerySet[Token], source: str) -> Difference:
    """Compares `tokens` with the open faults of `source`, which should be about just these. Most scans find no difference."""
    total, to_raise = tokens.count(), tokens.filter(~Exists(open_faults(source).filter(key=OuterRef("key")))).count()
    return Difference(total, to_raise, to_clear=open_faults(source).count() - (total - to_raise))


def may_be_unnotified(tokens: QuerySet[Token], total: int, policy: Policy) -> bool:
    """Is there somebody to notify of any of `tokens`, of which there are `total`? True also when addresses are only spelled differently.

    Nearly always each of them has its notices at the very threshold that it has reached, and counting these takes half as long as
    finding those that have none. count() there, since PostgreSQL plans exists() as if there were many, and takes ten times as long."""
    if not policy.owners and not Message.objects.filter(state=Message.State.FAILED).exists():
        notices = tokens.filter(notices__threshold=F("threshold"), notices__address__in=policy.addresses)
        if notices.count() == total * len(policy.addresses):
            return False
    return any(unnotified(each, exact=True).count() for each in with_recipients(tokens, policy))


def open_faults(source: str) -> QuerySet[Fault]:
    return Fault.objects.open().filter(source=source)


def batches(tokens: QuerySet[Token], size: int) -> Iterator[QuerySet[Token]]:
    """Cuts the due tokens into parts of `size`, by expiry and id. Each is found when it is asked for, by the index of due tokens."""
    rest = tokens
    while True:
        ends = rest.order_by("expires_at", "pk").values_list("expires_at", "pk")[size - 1 : size].first()
        if ends is None:
            yield rest
            return
        at, pk = ends
        yield rest.filter(expires_at__lte=at).exclude(expires_at=at, pk__gt=pk)
        rest = tokens.filter(expires_at__gte=at).exclude(expires_at=at, pk__lte=pk)


def with_recipients(tokens: QuerySet[Token], policy: Policy) -> list[QuerySet[Any]]:
    """The tokens once for each of Config's addresses, and once for their owners' own, each annotated with its `recipient`. An owner whose
    address is configured too is notified once. Those of a service account go to the people who own it, by themselves or in a group: who
    does so in several ways has a row for each."""
    if not policy.thresholds:
        return []
    found: list[QuerySet[Any]] = [tokens.annotate(recipient=Value(address)) for address in policy.addresses]
    if policy.owners:
        configured = [Lower(Value(address)) for address in policy.addresses]
        for owner in owner_paths():
            owned = tokens.filter(**{f"{owner}__is_active": True}).annotate(recipient=F(f"{owner}__email"))
            found.append(owned.exclude(recipient="").alias(lowered=Lower("recipient")).exclude(lowered__in=configured))
    return found


def owner_paths() -> list[str]:
    """From a token to those who are notified of it as its owner: its user, and if service accounts have owners, these people and the
    members of these groups."""
    own, people, members = "user", "user__owners__user", "user__owners__group__memberships__user"
    return [own, people, members] if Ownership.objects.exists() else [own]


def unnotified(tokens: QuerySet[Any], *, exact: bool = False) -> QuerySet[Any]:
    """Those of `tokens` whose `recipient` was not notified at the threshold that they have reached, or at a smaller one. A notice counts
    once its message is queued, and no longer once that has failed. `exact`: by addresses as they are spelled."""
    failed = Message.objects.filter(state=Message.State.FAILED)
    notices = Notice.objects.filter(token=OuterRef("pk"), threshold__lte=OuterRef("threshold")).exclude(message__in=failed)
    if exact:
        notices = notices.filter(address=OuterRef("recipient"))
    else:
        notices = notices.alias(lowered=Lower("address")).filter(lowered=Lower(OuterRef("recipient")))
    return tokens.filter(~Exists(notices))


def ended_in_use(policy: Policy, now: datetime) -> QuerySet[Token]:
    """Tokens that have expired and were not replaced, and that something still needs: it used them until their end, or was rejected
    since. Quiet for a week they are no longer among them."""
    since = now - QUIET_AFTER
    used = Q(expires_at__gt=since, unused_before__lte=USED_WITHIN)
    rejected = Q(refused_at__gt=since, refused_at__gte=F("expires_at"))
    # Not expires_at - 30 days, which PostgreSQL counts by the calendar of a time zone.
    ended = Token.objects.permanent().alias(unused_before=F("expires_at") - F("last_used_at"))
    ended = ended.filter(used | rejected, revoked_at=None, expires_at__lte=now, holds_name=True)
    found = of_active_owners(ended).annotate(key=FaultKey("pk"))
    return found if policy.thresholds else found.none()


class ExpiryText(Func):
    """The last minute of a token, as `dates.ends` writes it. For use in `portal_zone` only."""

    output_field = CharField()
    function = "token_ends"  # on SQLite

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        template = "to_char(%(expressions)s - interval '1 microsecond', 'YYYY-MM-DD HH24:MI TZ')"
        return self.as_sql(compiler, connection, template=template, **context)


@contextmanager
def portal_zone() -> Iterator[None]:
    """In here the database writes instants in the portal's time zone (`ExpiryText`). PostgreSQL does so by the session's zone, which is
    reset at once, since Django reads instants in UTC; on SQLite it is a function of ours."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("token_ends", 1, lambda text: dates.ends(datetime.fromisoformat(text).replace(tzinfo=UTC)))
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [settings.TIME_ZONE])
        yield
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [connection.timezone_name])
