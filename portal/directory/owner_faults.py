"""The fault *Service account without an owner*: from the moment at which the last active owner is gone until there is one again.

A service account that never had an owner has no fault of its own: there may be thousands from before owners existed. The Config flag
*Require owners of service accounts* reports those in one fault.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat, JSONArray, JSONObject
from django.urls import reverse

import settings_app.services as config
from portal.directory.models import Ownership
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User

SOURCE, SUMMARY = "service-account-owner", "service-accounts-without-owner"
REQUIRED = "require_owners"
NAME = "Service account without an owner"
PLACE = "PLACE"


def without_owner() -> QuerySet[Any]:
    """The active service accounts that have no active owner, with the `key` of their fault."""
    accounts = User.objects.existing().filter(kind=User.Kind.SERVICE, is_active=True)
    owners = Ownership.objects.active().filter(service_account=OuterRef("pk"))
    return accounts.filter(~Exists(owners)).annotate(key=Cast("pk", CharField()))


def update(accounts: Collection[int], now: datetime) -> None:
    """Raises and clears the faults of service accounts that have or had an owner, in the transaction that changes that."""
    if not accounts:
        return
    rows = without_owner().filter(pk__in=accounts)
    raise_for(rows, now)
    keys = [str(pk) for pk in accounts]
    faults.clear_faults(Fault.objects.filter(~Exists(rows.filter(key=OuterRef("key"))), source=SOURCE, key__in=keys), now)


def update_groups(groups: Collection[int], now: datetime) -> None:
    """The same for the service accounts of groups whose members have changed."""
    update(list(Ownership.objects.filter(group__in=groups).values_list("service_account", flat=True)), now)


def check(now: datetime) -> None:
    """The same for all service accounts: for what happened without one of our services (an upgrade, a flag)."""
    raise_for(without_owner().filter(Exists(Ownership.objects.filter(service_account=OuterRef("pk")))), now)
    faults.clear_others(without_owner(), SOURCE, now)
    count = without_owner().count() if config.get(REQUIRED) else 0
    summary = Fault.objects.filter(source=SUMMARY)
    if count:
        faults.raise_faults([summary_fault(count, now)])
        summary.filter(cleared_at=None).update(resource=counted(count))
    else:
        faults.clear_faults(summary, now)


def raise_for(rows: QuerySet[User], now: datetime) -> int:
    before, after = reverse("users:detail", args=[PLACE]).split(PLACE)
    admin_before, admin_after = reverse("admin:users_user_change", args=[0]).split("0")
    link = JSONObject(
        label=Value("User"),
        url=Concat(Value(before), "username", Value(after)),
        admin_url=Concat(Value(admin_before), Cast("pk", CharField()), Value(admin_after)),
    )
    text = Concat(Value("No active person or group owns "), "username", Value(" any more. Its notifications reach nobody. Add an owner."))
    columns = {"name": NAME, "resource": F("username"), "description": text, "severity": Fault.Severity.WARNING, "links": JSONArray(link)}
    return faults.raise_selected(rows, SOURCE, now, **columns)


def counted(count: int) -> str:
    return f"{count:,} service account{'' if count == 1 else 's'}"


def summary_fault(count: int, now: datetime) -> Fault:
    page = f"{reverse('users:list')}?kind=unowned"
    return Fault(
        source=SUMMARY,
        key="all",
        name="Service accounts without an owner",
        resource=counted(count),
        description="Config requires that service accounts have owners, who get their notifications. These have no active owner.",
        severity=Fault.Severity.WARNING,
        raised_at=now,
        links=[{"label": "Service accounts without an owner", "url": page, "admin_url": reverse("admin:users_user_changelist")}],
    )
