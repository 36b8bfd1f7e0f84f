"""Receivers of signals: of the users app, when somebody's access ends or is restored, and of Config."""

from datetime import datetime
from typing import Any

import settings_app.services as config
from portal.core.tasks import queue_task
from portal.directory import owner_faults, owners, roles, tasks
from portal.directory.models import ManagedUser, Membership, Ownership
from portal.users.models import User
from portal.users.signals import access_ended, access_restored


def end_ownership(sender: Any, user: User, now: datetime, **kwargs: Any) -> None:
    """A deleted user leaves all groups and owns nothing: should the name ever be given back, it starts with nothing."""
    accounts = affected(user)
    if user.deleted_at:
        Membership.objects.filter(user=user).delete()
        Ownership.objects.filter(user=user).delete()
        Ownership.objects.filter(service_account=user).delete()
        ManagedUser.objects.filter(pk=user.pk).delete()
    owner_faults.update(accounts, now)


def restore_ownership(sender: Any, user: User, now: datetime, **kwargs: Any) -> None:
    owner_faults.update([pk for pk in affected(user) if Ownership.objects.filter(service_account=pk).exists()], now)


def affected(user: User) -> list[int]:
    """The service accounts whose fault depends on whether `user` is active."""
    if user.kind == User.Kind.SERVICE:
        return [user.pk]
    return list(owners.owned_by(user).values_list("pk", flat=True))


def config_changed(sender: Any, key: str, **kwargs: Any) -> None:
    if key == roles.KEY:
        queue_task(tasks.apply_roles)
    if key == owner_faults.REQUIRED:
        queue_task(tasks.check_owners)


def connect() -> None:
    """Called once, when the app is ready."""
    access_ended.connect(end_ownership)
    access_restored.connect(restore_ownership)
    config.changed.connect(config_changed)
