"""Receivers of signals: of a sign-in, and of what ends with a user's access."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone

from portal.users import recent
from portal.users.models import User
from portal.users.signals import access_ended


def signed_in(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    recent.confirm(request.session, timezone.now())


def end_factors(sender: Any, user: User, **kwargs: Any) -> None:
    """The name of a deleted user may come back as somebody else, who has no part in the former one's factors."""
    if user.deleted_at:
        Authenticator.objects.filter(user=user).delete()


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(signed_in)
    access_ended.connect(end_factors)
