"""The scan: which tokens are due, faults raised and cleared, notices queued.

A token is *due* while it is live and has at most as many days left as the largest number in Config. A notice belongs to one
token, one threshold and one address; the tightest threshold that a token has reached counts, and an address that was told at
that one or a tighter one is not told again. All of it happens in one transaction; a second scan at the
same time waits for it and finds nothing left to do.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

import structlog
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Replace
from django.urls import reverse
from django.utils import timezone
from post_office.models import STATUS

import settings_app.services as config
from portal import mail
from portal.faults import services as faults
from portal.faults.models import Fault
from tokens import dates
from tokens.models import Notice, ScanRun, Token
from tokens.undelivered import check_undelivered

log = structlog.get_logger(__name__)
SOURCE = "token-expiry"
LISTED = 200
BATCH = 1000
# The id as 32 hexadecimal digits on every database: PostgreSQL writes a UUID with dashes, SQLite without.
FAULT_KEY = Replace(Cast("pk", CharField()), Value("-"), Value(""))


def scan(now: datetime, asked_by: str) -> ScanRun:
    """Looks at all tokens as of `now`, and returns the row that says what was done. A failure is kept in its row, then raised."""
    run = ScanRun.objects.create(asked_by=asked_by, started_at=now)
    try:
        with transaction.atomic():
            wait_for_others()
            look(run, now)
    except Exception as error:
        ScanRun.objects.filter(pk=run.pk).update(error=type(error).__name__, finished_at=timezone.now())
        raise
    run.finished_at = max(timezone.now(), now)
    run.save()
    log.info("scan finished", due=run.due, raised=run.raised, cleared=run.cleared, queued=run.queued)
    return run


def wait_for_others() -> None:
    """Lets a scan that is at work finish first, so that each counts what it did itself (by a lock on a row that all of them
    find; SQLite has one writer anyway). Were two at work all the same, the constraints would keep faults and notices single."""
    ScanRun.objects.select_for_update(no_key=True).order_by("pk").first()


def look(run: ScanRun, now: datetime) -> None:
    """Fills `run` with what it finds and does."""
    values = config.get_many("token_expiration_days", "token_expiration_emails")
    thresholds, addresses = values["token_expiration_days"], values["token_expiration_emails"]
    due = Token.objects.none()
    if thresholds:
        due = Token.objects.due(now, dates.due_before(max(thresholds), now))
    run.due = due.count()
    run.cleared = clear_faults(due, now)
    run.raised = raise_faults(due, now)
    if thresholds and addresses:
        write_notices(run, thresholds, addresses, now)
        run.queued = sum(queue_digest(run, address, now) for address in addresses)
    check_undelivered(addresses, now)


def clear_faults(due: QuerySet[Token], now: datetime) -> int:
    ours = Fault.objects.open().filter(source=SOURCE)
    return faults.clear_faults(ours.exclude(key__in=due.annotate(fault_key=FAULT_KEY).values("fault_key")), now)


def forget(tokens: Iterable[Token], now: datetime) -> None:
    """Clears the faults of tokens that have just been revoked; the scan would do so too, some minutes later."""
    faults.clear_faults(Fault.objects.filter(source=SOURCE, key__in=[token.pk.hex for token in tokens]), now)


def raise_faults(due: QuerySet[Token], now: datetime) -> int:
    is_open = Fault.objects.open().filter(source=SOURCE, key=OuterRef("fault_key"))
    new = due.annotate(fault_key=FAULT_KEY).filter(~Exists(is_open)).select_related("user").order_by("pk")
    return faults.raise_faults(fault_for(token, now) for token in new.iterator(BATCH))


def fault_for(token: Token, now: datetime) -> Fault:
    """The fault says when the token ends, never "in 15 days": it stays open while the days go by."""
    owner = token.user
    return Fault(
        source=SOURCE,
        key=token.pk.hex,
        name="API token expires soon",
        resource=f"{token.name} ({token.hint})",
        description=f"The API token {token.name} of {owner.username} expires {ends(token)}.",
        raised_at=now,
        links=[
            {
                "label": "Token",
                "url": token_page(token),
                "admin_url": reverse("admin:tokens_token_change", args=[token.pk]),
            },
            {
                "label": f"User {owner.username}",
                "url": reverse("users:detail", args=[owner.username]),
                "admin_url": reverse("admin:users_user_change", args=[owner.pk]),
            },
        ],
    )


def ends(token: Token) -> str:
    """`2026-12-06 23:59 UTC`: the last minute of the token's life, with the zone."""
    return timezone.localtime(token.last_moment).strftime("%Y-%m-%d %H:%M %Z")


def token_page(token: Token) -> str:
    return reverse("tokens:user_tokens", args=[token.user.username]) + f"?q={token.last_four}"


def bands(thresholds: tuple[int, ...], now: datetime) -> Iterator[tuple[int, QuerySet[Token]]]:
    """Each threshold, tightest first, with the due tokens whose tightest it is."""
    after = now
    for threshold in sorted(thresholds):
        before = dates.due_before(threshold, now)
        yield threshold, Token.objects.due(now, before).filter(expires_at__gt=after)
        after = before


def write_notices(run: ScanRun, thresholds: tuple[int, ...], addresses: tuple[str, ...], now: datetime) -> None:
    """One row for each token that an address has not been told of at its threshold or a tighter one. A row whose mail was
    given up is taken over by this scan: it counts as told only once the mail server took it."""
    for threshold, tokens in bands(thresholds, now):
        for address in addresses:
            told = Notice.objects.filter(token=OuterRef("pk"), address=address, threshold__lte=threshold)
            given_up = Notice.objects.filter(address=address, threshold=threshold, email__status=STATUS.failed, token__in=tokens)
            given_up.update(run=run, email=None, created_at=now)
            new = tokens.filter(~Exists(told)).values_list("pk", flat=True).order_by("pk").iterator(BATCH)
            while ids := list(islice(new, BATCH)):
                rows = [Notice(token_id=pk, threshold=threshold, address=address, run=run, created_at=now) for pk in ids]
                Notice.objects.bulk_create(rows, ignore_conflicts=True)


def queue_digest(run: ScanRun, address: str, now: datetime) -> int:
    """Queues one mail about all that `address` has to be told by this scan. Returns 1, or 0 if there is nothing."""
    mine = Notice.objects.filter(run=run, address=address)
    if not (total := mine.count()):
        return 0
    soonest = mine.select_related("token__user").order_by("token__expires_at", F("token__name"))[:LISTED]
    tokens = [digest_line(notice.token, now) for notice in soonest]
    link = mail.absolute(reverse("tokens:all") + "?status=expiring")
    email = mail.send_expiry_digest(address, tokens, total - len(tokens), link)
    mine.update(email=email)
    return 1


def digest_line(token: Token, now: datetime) -> dict[str, object]:
    used = token.last_used_at
    return {
        "name": token.name,
        "last_four": token.last_four,
        "owner": token.user.username,
        "expires": ends(token),
        "days_left": dates.days_left(token.expires_at, now),
        "last_used": f"{timezone.localtime(used):%Y-%m-%d}" if used else "never",
        "link": mail.absolute(token_page(token)),
    }
