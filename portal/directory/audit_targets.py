"""The pages of groups that the audit trail links."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from portal.audit import targets
from portal.directory.models import Group


def connect() -> None:
    """Called once, when the app is ready."""
    targets.register("group", "Group", ("created", "changed", "members_changed", "deleted"), addresses)


def addresses(ids: Collection[str], reader: Any) -> dict[str, str]:
    """Administrators alone open groups' pages."""
    if not reader.is_administrator:
        return {}
    rows = Group.objects.filter(pk__in=targets.numbers(ids)).values_list("pk", flat=True)
    return {str(pk): reverse("directory:group", args=[pk]) for pk in rows}
