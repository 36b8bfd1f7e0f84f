"""The pages of users that the audit trail links."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from portal.audit import targets
from portal.users.models import User

ACTIONS = (
    *("created", "changed", "role_changed", "renamed", "email_changed", "joined_group", "left_group", "owners_changed", "activated"),
    *("deactivated", "deleted"),
)


def connect() -> None:
    """Called once, when the app is ready."""
    targets.register("user", "User", ACTIONS, addresses)
    targets.register("account", "Account")  # a name that was typed and nobody has


def addresses(ids: Collection[str], reader: Any) -> dict[str, str]:
    """Administrators alone open users' pages."""
    if not reader.is_administrator:
        return {}
    rows = User.objects.existing().filter(pk__in=targets.numbers(ids)).values_list("pk", "username")
    return {str(pk): reverse("users:detail", args=[username]) for pk, username in rows}
