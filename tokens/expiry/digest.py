"""The email that warns of expiring tokens: written when it is sent, so that it leaves out what was revoked meanwhile. And the fault that
is open while a recipient cannot be reached."""

from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from portal.core.ordering import Fold, ordered
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import renderers, signals
from portal.notifications.models import Message
from tokens import dates
from tokens.expiry import digest_content as content
from tokens.expiry.policy import Policy
from tokens.models import Notice

DIGEST = "expiry_digest"
UNDELIVERED = "notice-delivery"
LISTED = 200
SOONEST = ("token__expires_at", "token__name", "pk")


def connect() -> None:
    """Called once, when the app is ready."""
    renderers.register(DIGEST, render)
    signals.message_sent.connect(clear_undelivered)
    signals.message_failed.connect(raise_undelivered)


def render(message: Message, now: datetime) -> renderers.Content | None:
    """The digest as of `now`; None if there is nothing left to say, or if its recipient is not notified any more."""
    policy = Policy.current()
    notified = policy.notifies(message.recipient)
    notices = message.notices.filter(still_to_notify(message, now)) if notified else message.notices.none()
    if message.attempts == 1:
        # What is left out is forgotten, so that it is notified if it becomes due again. Once the mail server may have accepted the
        # message, its notices stay with it: another message must not repeat them. (Asked of the row: another worker may have it.)
        Notice.objects.filter(message=message, message__attempts=1).exclude(pk__in=notices.values("pk")).delete()
    total = notices.count()
    if not total:
        return None
    named = listed(notices)
    left_out = count_others(notices, named) if total > len(named) else Counter()
    lines = [content.line(notice.token, now) for notice in named]
    if policy.is_configured(message.recipient):
        return content.write(lines, left_out, link_to_all(notices, now), content.ABOUT_ALL)
    return content.write(lines, left_out, renderers.absolute_url(reverse("profile")), content.ABOUT_OWN)


def still_to_notify(message: Message, now: datetime) -> Q:
    """Tokens that are neither revoked nor replaced, and were not put off before the first attempt. One that has expired is notified all
    the same, and one that another message notifies at a tighter threshold is not."""
    tighter = Notice.objects.filter(token=OuterRef("token"), address__iexact=OuterRef("address"), threshold__lt=OuterRef("threshold"))
    active = Q(token__revoked_at=None, token__holds_name=True, token__user__is_active=True)
    active &= Q(~Exists(tighter.exclude(message__state=Message.State.FAILED)))
    if message.attempts > 1:
        return active
    bands = Q(pk__in=[])
    for threshold in message.notices.order_by().values_list("threshold", flat=True).distinct():
        bands |= Q(threshold=threshold, token__expires_at__lte=dates.due_before(threshold, now))
    return bands & active


def listed(notices: QuerySet[Notice]) -> list[Notice]:
    """The notices whose tokens the email names, soonest first. If there are too many, each owner has a share: a user with hundreds of
    tokens that end soon does not push others' tokens out of the list."""
    place = Window(RowNumber(), partition_by="token__user", order_by=[F("token__expires_at"), Fold(F("token__name"))])
    shares = ordered(notices.annotate(place=place), "place", *SOONEST).values_list("pk", flat=True)[:LISTED]
    return list(ordered(Notice.objects.filter(pk__in=list(shares)).select_related("token__user"), *SOONEST))


def count_others(notices: QuerySet[Notice], named: list[Notice]) -> Counter[str]:
    """How many tokens each owner has that the email only counts. Records which ones it names."""
    keys = [notice.pk for notice in named]
    Notice.objects.filter(pk__in=keys).update(named=True)
    others = notices.exclude(pk__in=keys)
    Notice.objects.filter(pk__in=others.values("pk")).update(named=False)
    return Counter(dict(others.order_by().values_list("token__user__username").annotate(Count("pk"))))


def link_to_all(notices: QuerySet[Notice], now: datetime) -> str:
    """The URL of the list, which also shows what the email leaves out."""
    last = max(notices.order_by().values_list("threshold", flat=True).distinct())
    until = dates.day_of(dates.due_before(last, now) - dates.MICROSECOND)
    return renderers.absolute_url(reverse("tokens:list") + "?" + urlencode({"expires_to": until.isoformat(), "sort": "expires_at"}))


def clear_undelivered(sender: Any, message: Message, now: datetime, **kwargs: Any) -> None:
    """A message was accepted: its recipient can be reached, whatever it was about."""
    faults.clear_faults(Fault.objects.filter(source=UNDELIVERED, key__iexact=message.recipient), now)


def raise_undelivered(sender: Any, message: Message, now: datetime, final: bool, **kwargs: Any) -> None:
    if message.kind != DIGEST or not final:
        return
    log = reverse("admin:notifications_message_changelist") + "?" + urlencode({"q": message.recipient})
    text = f"The mail server did not accept the latest notification to {message.recipient} in three days of attempts."
    fault = Fault(
        source=UNDELIVERED,
        key=message.recipient,
        name="Notification not delivered",
        resource=message.recipient,
        description=f"{text} The next scan tries again.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Messages", "url": log, "admin_url": log}],
    )
    faults.raise_faults([fault])
