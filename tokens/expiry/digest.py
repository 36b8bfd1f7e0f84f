"""The mail that warns of tokens: written at the moment it is sent, so that it never speaks of what was revoked meanwhile, and
followed until the mail server takes it or it is given up."""

from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from portal.core.ordering import Fold, ordered
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import delivery
from portal.notifications import emails as mail
from tokens import dates
from tokens.expiry.notices import UNDELIVERED, WRITER
from tokens.expiry.policy import Rules
from tokens.models import Digest, Notice, Token

LISTED = 200
SOONEST = ("token__expires_at", "token__name", "pk")


def connect() -> None:
    """Called once, when the app is ready."""
    delivery.writers[WRITER] = write
    delivery.taken.connect(taken)
    delivery.refused.connect(refused)
    delivery.dropped.connect(dropped)


def write(email: Email, now: datetime) -> mail.Content | None:
    """The digest's mail as of `now`; None when there is nothing left to tell."""
    digest = Digest.objects.get(email=email)
    rules = Rules.current()
    configured = rules.is_configured(digest.address)
    # What is not told is forgotten, so that it is told if it becomes due again; so is all of it for whoever is told nothing any more.
    left = still_to_tell(digest, now) if rules.tells_address(digest.address) else Q(pk__in=[])
    Notice.objects.filter(pk__in=digest.notices.exclude(left).values("pk")).delete()
    total = digest.notices.count()
    if not total:
        return None
    named = listed(digest)
    tokens = [line(notice.token, now) for notice in named]
    left_out = Counter()
    if total > len(named):
        left_out = name_only(digest, [notice.pk for notice in named])
    return mail.expiry_digest(tokens, left_out, link_to_all(digest, now) if configured else mail.absolute(reverse("profile")))


def listed(digest: Digest) -> list[Notice]:
    """The notices whose tokens the email names, soonest first. If there are too many, each owner has a share: a user with hundreds of
    tokens that end soon does not push others' tokens out of the list."""
    place = Window(RowNumber(), partition_by="token__user", order_by=[F("token__expires_at"), Fold(F("token__name"))])
    shares = ordered(digest.notices.annotate(place=place), "place", *SOONEST).values_list("pk", flat=True)[:LISTED]
    return list(ordered(digest.notices.filter(pk__in=list(shares)).select_related("token__user"), *SOONEST))


def name_only(digest: Digest, named: list[int]) -> Counter[str]:
    """Records which tokens the email names, and that it only counts the others. Returns how many of the others each owner has."""
    digest.notices.filter(pk__in=named).update(named=True)
    others = digest.notices.exclude(pk__in=named)
    others.update(named=False)
    return Counter(dict(others.order_by().values_list("token__user__username").annotate(Count("pk"))))


def still_to_tell(digest: Digest, now: datetime) -> Q:
    """Tokens of the digest that are neither revoked, replaced nor put off. One that has expired is told of all the same."""
    bands = Q(pk__in=[])
    for threshold in digest.notices.order_by().values_list("threshold", flat=True).distinct():
        bands |= Q(threshold=threshold, token__expires_at__lte=dates.due_before(threshold, now))
    return bands & Q(token__revoked_at=None, token__holds_name=True, token__user__is_active=True)


def line(token: Token, now: datetime) -> dict[str, Any]:
    """What the email says of one token. Its link leads each reader to where their role may see it."""
    used = token.last_used_at
    return {
        "name": token.name,
        "last_four": token.last_four,
        "owner": token.user.username,
        "expires": dates.ends(token.expires_at),
        "days_left": dates.days_left(token.expires_at, now),
        "over": token.expires_at <= now,
        "last_used": f"{timezone.localtime(used):%Y-%m-%d}" if used else "never",
        "link": mail.absolute(reverse("tokens:token", args=[token.pk])),
    }


def link_to_all(digest: Digest, now: datetime) -> str:
    """The list that shows what the mail had no room for too."""
    last = max(digest.notices.order_by().values_list("threshold", flat=True).distinct())
    until = dates.day_of(dates.due_before(last, now) - dates.MICROSECOND)
    return mail.absolute(reverse("tokens:list") + "?" + urlencode({"expires_to": until.isoformat(), "sort": "expires_at"}))


def taken(sender: Any, email: Email, now: datetime, **kwargs: Any) -> None:
    """The mail server took a mail: whoever could not be reached can be, whatever the mail was about."""
    Digest.objects.filter(email=email).update(state=Digest.State.SENT, sent_at=now, message_id=email.message_id)
    for address in email.to:
        faults.clear_faults(Fault.objects.filter(source=UNDELIVERED, key__iexact=address), now)


def refused(sender: Any, email: Email, now: datetime, error: Exception, attempts: int, gave_up: bool, **kwargs: Any) -> None:
    said = f"{type(error).__name__}: {error}"[:1000]
    mine: QuerySet[Digest] = Digest.objects.filter(email=email)
    changes = {"state": Digest.State.FAILED} if gave_up else {}
    if mine.update(attempts=attempts, last_error=said, **changes) and gave_up:
        faults.raise_faults(undelivered(address, now) for address in email.to)


def dropped(sender: Any, email: Email, **kwargs: Any) -> None:
    Digest.objects.filter(email=email).update(state=Digest.State.DROPPED)


def undelivered(address: str, now: datetime) -> Fault:
    log = reverse("admin:post_office_email_changelist") + "?" + urlencode({"q": address})
    return Fault(
        source=UNDELIVERED,
        key=address,
        name="Notice not delivered",
        resource=address,
        description=f"The mail server did not take the latest mail to {address}, in three days of tries. The next scan tries anew.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Mail log", "url": log, "admin_url": log}],
    )
