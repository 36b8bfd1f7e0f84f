"""Who may sign in without the company's provider: everybody, or only the emergency administrator (Config's *Allow local passwords*)."""

from typing import Any

import settings_app.services as config
from portal.users.models import User

ALLOWED, EMERGENCY = "local_passwords", "emergency_administrator"
OFF = "Passwords are turned off. Sign in with your company account."


def are_on() -> bool:
    return config.get(ALLOWED)


def allowed(user: User, values: dict[str, Any] | None = None) -> bool:
    """May this user sign in by a password (or passkey) of the portal's own, and set one? `values`: of the two keys, if they have been
    read."""
    values = values or config.get_many(ALLOWED, EMERGENCY)
    return values[ALLOWED] or is_named(user, values[EMERGENCY])


def is_named(user: User, emergency: str) -> bool:
    """Is `user` the administrator whom Config names for emergencies? One who is no administrator any more is not."""
    return bool(emergency) and user.username.lower() == emergency.lower() and user.can_administrate


def can_use(user: User) -> bool:
    return user.has_usable_password() and allowed(user)
