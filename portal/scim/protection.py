"""Whom a directory can change. It manages the people that it created or adopted; it must not take over anybody who has more than that.

- The emergency administrator (Config) can't be changed at all: the way in when the company's sign-in and directory fail.
- An operator or administrator whose role was given in the portal, and not by a group: access can be ended, when the person leaves. The
  name and the email address can't be changed, since a password reset could then go to somebody else, and neither is the role managed.
"""

import settings_app.services as config
from portal.directory.models import ManagedUser
from portal.users.local_passwords import EMERGENCY
from portal.users.models import User
from portal.users.provisioning import Protected


def is_emergency_administrator(user: User) -> bool:
    """By name: one who is inactive stays out of the directory's reach, too."""
    name = config.get(EMERGENCY)
    return bool(name) and user.username.lower() == name.lower()


def can_be_managed(user: User) -> bool:
    """May the directory decide about the role?"""
    if is_emergency_administrator(user):
        return False
    return user.role == User.Role.USER or ManagedUser.objects.filter(pk=user.pk).exists()


def check_end(user: User) -> None:
    """Raises Protected for a user whose access no directory ends."""
    if is_emergency_administrator(user):
        raise Protected(f"{user.username} is the emergency administrator and can only be changed in the portal.")


def check_change(user: User, username: str, email: str, active: bool) -> None:
    """Raises Protected for what no directory does to `user`. The rest: as they are to be."""
    check_end(user)
    if can_be_managed(user):
        return
    role = user.get_role_display().lower()
    if (username, email) != (user.username, user.email):
        raise Protected(f"{user.username} is an {role} by the portal's own settings: username and email are changed in the portal.")
    if active and not user.is_active:
        raise Protected(f"{user.username} is an {role} by the portal's own settings: only an administrator reactivates them.")
