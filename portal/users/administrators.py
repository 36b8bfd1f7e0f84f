"""Administrators that are created from the command line, the first one among them."""

import secrets

from django.db import transaction

from portal.audit import services as audit
from portal.core.errors import ServiceError
from portal.users.models import User
from portal.users.passwords import check_password
from portal.users.services import check_name, is_email


def ensure_first_administrator(username: str, password: str) -> str | None:
    """Makes the first administrator if there is none at all. Returns the password that it made up, if it made one up.
    Raises ServiceError for an invalid name or password."""
    if User.objects.filter(role=User.Role.ADMINISTRATOR).exists():
        return None
    made_up = "" if password else secrets.token_urlsafe(12)
    create_administrator(username, password or made_up)
    return made_up or None


def create_administrator(username: str, password: str) -> User:
    """Makes an administrator from the command line. Raises ServiceError for an invalid name or password."""
    check_name(username)
    user = User(username=username, email=username if is_email(username) else "", role=User.Role.ADMINISTRATOR, display_name="Administrator")
    check_password(password, user)
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username__iexact=username).exists():
            raise ServiceError(f"A user named {username} already exists.", "username")
        user.save()
        audit.record(None, user, audit.CREATE, role=("", user.role))
    return user
