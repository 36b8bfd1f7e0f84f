"""The fault that is open while the directory would take the role from the last active administrator, who therefore keeps it."""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse

from portal.audit import services as audit
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User

SOURCE = "directory-last-administrator"


def update(ids: Collection[int], kept: User | None, now: datetime) -> None:
    """Raises the fault for `kept`, and clears it for the others of `ids`, whose roles are as the directory says."""
    keys = [str(pk) for pk in ids if kept is None or pk != kept.pk]
    faults.clear_faults(Fault.objects.filter(source=SOURCE, key__in=keys), now)
    if kept and faults.raise_faults([fault(kept, now)]):
        audit.record(None, kept, audit.UPDATE, role_kept=("", "last active administrator"))


def fault(kept: User, now: datetime) -> Fault:
    page, admin = reverse("users:detail", args=[kept.username]), reverse("admin:users_user_change", args=[kept.pk])
    return Fault(
        source=SOURCE,
        key=str(kept.pk),
        name="Last administrator kept the role",
        resource=kept.username[:300],
        description=f"The groups of {kept.username} no longer give the role Administrator, but no other active administrator is left. "
        "Make another user an administrator, or correct Roles by Group in Config.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "User", "url": page, "admin_url": admin}],
    )
