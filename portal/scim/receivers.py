"""Receivers of the signals of apps below."""

from typing import Any

from portal.scim.models import ScimUser
from portal.users.models import User
from portal.users.signals import access_ended


def forget(sender: Any, user: User, **kwargs: Any) -> None:
    """A deleted user no longer belongs to the directory, no matter who deleted it: should the name come back, it is linked again."""
    if user.deleted_at:
        ScimUser.objects.filter(pk=user.pk).delete()


def connect() -> None:
    """Called once, when the app is ready."""
    access_ended.connect(forget)
