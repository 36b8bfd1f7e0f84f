"""The faults that a scan raises and clears: one statement for each kind, however many tokens there are."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat, JSONArray, JSONObject
from django.urls import reverse

from portal.directory.models import Ownership
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User
from tokens.expiry.digest import UNDELIVERED
from tokens.expiry.policy import Policy
from tokens.expiry.queries import SOURCE, ExpiryText, FaultKey, compare, due, ended_in_use, open_faults, portal_zone
from tokens.models import Token

IN_USE = "token-expired-in-use"
NOBODY = "nobody-to-notify"
PLACE = "PLACE"  # stands for the part of an address that differs from row to row
NO_ID = uuid.UUID(int=0)  # the same where it is a token's id


def raise_due(tokens: QuerySet[Token], now: datetime) -> int:
    """*API token expires soon* says when the token expires, never "in 15 days": it stays open while the days go by."""
    return raise_for(tokens, SOURCE, now, "API token expires soon", Fault.Severity.WARNING, " expires ", ".")


def clear_due(policy: Policy, now: datetime) -> int:
    return faults.clear_others(due(policy, now), SOURCE, now)


def update_in_use(policy: Policy, now: datetime) -> None:
    """*Token expired, still in use*: from its expiry until it is replaced, revoked, or quiet for a week. Somebody's pipeline broke."""
    tokens, end = ended_in_use(policy, now), ", but it is still being used."
    found = compare(tokens, IN_USE)
    if found.to_raise:
        raise_for(tokens, IN_USE, now, "Token expired, still in use", Fault.Severity.CRITICAL, " expired ", end)
    if found.to_clear:  # after a first scan PostgreSQL does not know yet how many faults there are, and needs a second to find none
        faults.clear_others(tokens, IN_USE, now)


def update_nobody(policy: Policy, now: datetime) -> None:
    """*Nobody to notify*: owners are notified of their own tokens, this one has neither an address nor, as a service account, an owner who
    has one, and no other is configured."""
    if not policy.notifies_owners_only:
        faults.clear_faults(open_faults(NOBODY), now)
        return
    users = User.objects.filter(Exists(due(policy, now).filter(user=OuterRef("pk"))), email="").annotate(key=Cast("pk", CharField()))
    users = users.filter(~Exists(Ownership.objects.reachable().filter(service_account=OuterRef("pk"))))
    text = Concat(Value("Tokens of "), "username", Value(" expire soon. This user has no email address or owner, and Config names none."))
    links = JSONArray(user_link(Value("User"), "username", "pk"))
    faults.raise_selected(
        users, NOBODY, now, name="Nobody to notify", resource=F("username"), description=text, severity=Fault.Severity.CRITICAL, links=links
    )
    faults.clear_others(users, NOBODY, now)


def clear_unlisted(policy: Policy, now: datetime) -> None:
    """Clears *Notification not delivered* for addresses that nothing is sent to any more."""
    if unlisted := [fault.pk for fault in open_faults(UNDELIVERED) if not policy.notifies(fault.key)]:
        faults.clear_faults(Fault.objects.filter(pk__in=unlisted), now)


def clear_for(tokens: Iterable[Token], now: datetime) -> None:
    """Clears the faults of tokens that have just been revoked; the scan would do so too, some minutes later."""
    keys = [token.pk.hex for token in tokens]
    faults.clear_faults(Fault.objects.filter(source__in=[SOURCE, IN_USE], key__in=keys), now)


def raise_for(tokens: QuerySet[Token], source: str, now: datetime, name: str, severity: str, verb: str, end: str) -> int:
    text = Concat(Value("The API token "), "name", Value(" of "), "user__username", Value(verb), ExpiryText("expires_at"), Value(end))
    with portal_zone():
        return faults.raise_selected(
            tokens,
            source,
            now,
            name=name,
            resource=Concat("name", Value(" (tpp_…"), "last_four", Value(")")),
            description=text,
            severity=severity,
            links=token_links(),
        )


def token_links() -> JSONArray:
    page = around("tokens:token", FaultKey("pk"), NO_ID.hex)
    token = JSONObject(label=Value("Token"), url=page, admin_url=page)
    return JSONArray(token, user_link(Concat(Value("User "), "user__username"), "user__username", "user_id"))


def user_link(label: Any, username: str, pk: str) -> JSONObject:
    admin = around("admin:users_user_change", Cast(pk, CharField()))
    return JSONObject(label=label, url=around("users:detail", username), admin_url=admin)


def around(name: str, value: Any, place: str = PLACE) -> Concat:
    """The address of a page, with a row's own value in it. A username needs no quoting there (portal.users.converters)."""
    before, after = reverse(name, args=[place]).split(place)
    return Concat(Value(before), value, Value(after))
