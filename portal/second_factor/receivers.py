"""Receivers of signals: of a sign-in, of what ends with a user's access, and of Config."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone

import settings_app.services as config
from portal.second_factor import requirement
from portal.second_factor.models import Requirement
from portal.users import recent
from portal.users.models import User
from portal.users.signals import access_ended


def signed_in(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    recent.confirm(request.session, timezone.now())


def end_factors(sender: Any, user: User, **kwargs: Any) -> None:
    """The name of a deleted user may come back as somebody else, who has no part in the former one's factors."""
    if user.deleted_at:
        Authenticator.objects.filter(user=user).delete()
        Requirement.objects.filter(user=user).delete()


def config_changed(sender: Any, key: str, **kwargs: Any) -> None:
    """A requirement that is turned on again begins with another grace period."""
    if key == requirement.FOR and config.get(key) == requirement.NOBODY:
        Requirement.objects.all().delete()


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(signed_in)
    access_ended.connect(end_factors)
    config.changed.connect(config_changed)
