"""Our answers to django-allauth's questions about sign-in."""

from dataclasses import replace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.core.permissions import actor_of
from portal.users import limits, local_passwords, passwords, sign_in_methods, signals, throttle
from portal.users.models import User

# One sentence, whatever was typed: the same field takes a username or an address.
REFUSED = "The username, email or password is not correct."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {**DefaultAccountAdapter.error_messages, "email_password_mismatch": REFUSED, "username_password_mismatch": REFUSED}

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts the attempt before the password is looked at. In place of django-allauth's own count, which the cache keeps."""
        self.attempts = limits.take_sign_in(request, typed_account(credentials))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A service account cannot sign in, not even with a password that somebody gave it on the command line; nor can anybody else by
        one while passwords are turned off."""
        user = super().authenticate(request, **credentials)
        if user is None:  # django-allauth has called authentication_failed
            return None
        if user.kind != User.Kind.PERSON or not local_passwords.allowed(user):
            self.authentication_failed(request, **credentials)
            return None
        throttle.give_back(self.attempts)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        signals.sign_in_failed.send(sender=User, request=request, account=typed_account(credentials))

    def login(self, request: HttpRequest, user: User) -> None:
        """Every sign-in ends here, by whatever methods and after all its steps. The user is read again: a deactivation between two steps
        counts."""
        row = User.objects.filter(pk=user.pk).first()
        if row is None or not row.may_sign_in:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        if not sign_in_methods.by_company(request, row) and not local_passwords.allowed(row):
            raise ImmediateHttpResponse(redirect("account_login"))
        request.first_sign_in = row.last_login is None  # type: ignore[attr-defined]  # read by devices.is_new
        super().login(request, row)
        signals.signed_in.send(sender=User, request=request, user=row)

    def reauthenticate(self, user: User, password: str) -> bool:
        return local_passwords.allowed(user) and super().reauthenticate(user, password)

    def get_login_stages(self) -> list[str]:
        """The steps between the password, or the company's sign-in, and the session. Of an app above, hence a setting."""
        return settings.SIGN_IN_STAGES

    def get_client_ip(self, request: HttpRequest) -> str:
        """django-allauth's own would reject a client that has no address (of a socket)."""
        return request.META.get("REMOTE_ADDR") or "unknown"

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """All of django-allauth's pages that set a password end here. Its own way saves every field of a user who was read a while ago,
        and so would undo a deactivation or demotion that happened since."""
        actor = actor_of(self.request)
        if self.request.user != user:  # by a one-time link
            actor = replace(actor, user=user, credential=None)
        try:
            passwords.set_password(user, password, actor, timezone.now())
        except ServiceError as error:
            raise PermissionDenied(str(error)) from None

    def format_email_subject(self, subject: str) -> str:
        return subject

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No toast for signing in and out: the page itself says it. The others are allauth's own."""
        template = kwargs.get("message_template") or (args[2] if len(args) > 2 else "")
        if template and not str(template).endswith(("logged_in.txt", "logged_out.txt")):
            super().add_message(*args, **kwargs)


def typed_account(credentials: dict[str, Any]) -> str:
    """What was typed as the account."""
    return credentials.get("username") or credentials.get("email") or ""
