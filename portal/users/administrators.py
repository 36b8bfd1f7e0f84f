"""Administrators that are created from the command line, the first one among them."""

import secrets

from django.db import transaction

from portal.audit import services as audit
from portal.users.models import User
from portal.users.passwords import check_password
from portal.users.services import check_name, is_email
from portal.users.uniqueness import check_free, check_free_email


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
        check_free(username)
        check_free_email(user.email)
        user.save()
        audit.record(None, user, audit.CREATE, role=("", user.role))
    return user
