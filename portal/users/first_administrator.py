"""The first administrator's made-up password where no terminal can show it: in a file, since many read a container's log."""

import os
from pathlib import Path
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.conf import settings

from portal.users.models import User


def path() -> Path:
    return settings.DATA_DIR / "first_administrator_password"


def keep(password: str) -> Path:
    """Writes `password` into a file that only the portal's own user can read. Returns where it is."""
    path().unlink(missing_ok=True)  # one that is there already keeps its mode
    with os.fdopen(os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password + "\n")
    return path()


def forget(sender: Any, user: User, **kwargs: Any) -> None:
    """The file has had its day once that administrator has a password of their own."""
    if user.username == settings.PORTAL_ADMIN_USERNAME:
        path().unlink(missing_ok=True)


def connect() -> None:
    """Called once, when the app is ready."""
    for signal in (password_changed, password_set, password_reset):
        signal.connect(forget)
