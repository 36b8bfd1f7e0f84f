"""Receivers of Django's and allauth's signals for signing in and out, and of those of the users app."""

from datetime import datetime
from typing import Any

from allauth.account.signals import password_changed, password_set
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.core import permissions as access
from portal.core.actors import Actor, SessionCredential
from portal.core.template_builtins import provider_name
from portal.sessions import activity, emails
from portal.sessions.activity import Use
from portal.sessions.models import SignIn
from portal.users import devices, sign_in_methods
from portal.users.models import User
from portal.users.session_store import stored
from portal.users.signals import access_ended, password_replaced, session_key_changed

METHODS = {
    "password": "Password",
    "totp": "Authenticator app",
    "webauthn": "Passkey",
    "recovery_codes": "Recovery code",
}


def use_of(request: HttpRequest) -> Use:
    """What is noted of a request in a session."""
    key = stored(request.session.session_key or "")
    agent = request.headers.get("User-Agent", "")
    return Use(key, request.session.get(HASH_SESSION_KEY, ""), request.META.get("REMOTE_ADDR") or None, agent)


def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    if not request.session.session_key:  # it has none yet if the browser was somebody else's before
        request.session.save()
    now = timezone.now()
    with transaction.atomic():
        row = activity.signed_in(user, use_of(request), method(request, user), now)
        if devices.is_new(request, user):
            emails.new_device(row, access.actor_of(request, user), now)


def method(request: HttpRequest, user: User) -> str:
    """How the person signed in, in words: `Password, Authenticator app`, `Company account (Entra ID)`."""
    names = filter(None, sign_in_methods.of(request, user).split(", "))
    return ", ".join(METHODS.get(name, company_account(name)) for name in names)[:100]


def company_account(method: str) -> str:
    """`method`: as in portal.users.sign_in_methods, `company (entra)`. Any other one stays as it is."""
    kind, _, provider = method.rstrip(")").partition(" (")
    return f"Company account ({provider_name(provider)})" if kind == "company" else method


def signed_out(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    key = stored(request.session.session_key or "")
    SignIn.objects.filter(session_key=key, ended_at=None).update(ended_at=timezone.now())


def moved(sender: Any, before: str, after: str, **kwargs: Any) -> None:
    SignIn.objects.filter(session_key=before).update(session_key=after)


def end_others(sender: Any, user: User, actor: Actor | None, now: datetime, **kwargs: Any) -> None:
    """A new password ends all sessions but the one in which it was set."""
    credential = actor and actor.credential
    mine = stored(credential.key or "") if isinstance(credential, SessionCredential) else None
    SignIn.objects.filter(user=user, ended_at=None).exclude(session_key=mine).update(ended_at=now)


def keep(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The session in which the password was set goes on, with the user's new session hash."""
    SignIn.objects.filter(session_key=stored(request.session.session_key or "")).update(auth_hash=user.get_session_auth_hash())


def end_all(sender: Any, user: User, now: datetime, **kwargs: Any) -> None:
    SignIn.objects.filter(user=user, ended_at=None).update(ended_at=now)


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    session_key_changed.connect(moved)
    password_replaced.connect(end_others)
    password_changed.connect(keep)
    password_set.connect(keep)
    access_ended.connect(end_all)
