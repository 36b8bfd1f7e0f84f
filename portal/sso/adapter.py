"""Our answers to django-allauth's questions about sign-in by a provider."""

from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.sso import accounts, connections, providers, rejections


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[SocialApp]:
        """Providers are in the settings alone, never in the database."""
        return [made.app for made in self.list_providers(request) if provider in (None, made.app.provider_id)]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        from portal.sso import oidc

        config = providers.oidc(provider)
        if config is None:
            raise SocialApp.DoesNotExist
        return oidc.provider(request, config)

    def list_providers(self, request: HttpRequest) -> list[Any]:
        return [self.get_provider(request, each) for each in settings.SIGN_IN_PROVIDERS if providers.oidc(each)]

    def get_requests_session(self) -> Any:
        from portal.sso.http import Session

        return Session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Accounts are made by `accounts.user_of`, before django-allauth would."""
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Finds the user of a verified identity; what django-allauth has found is not used."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            self.connect(request, sociallogin)
        try:
            user, account = accounts.user_of(sociallogin.identity, timezone.now())
        except accounts.SignInRejected as error:
            raise ImmediateHttpResponse(rejections.rejected(request, sociallogin.identity, error)) from None
        sociallogin.user, sociallogin.account = user, account

    def connect(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Ends in Profile, whatever came of it."""
        name = settings.SIGN_IN_PROVIDERS[sociallogin.identity.provider].name
        if not request.user.is_authenticated or sociallogin.state.get("data") != request.user.pk:
            raise ImmediateHttpResponse(redirect("profile"))
        try:
            connections.connect(request.user, sociallogin.identity, access.actor_of(request), timezone.now())
            messages.success(request, f"Connected {name}.")
        except ServiceError as error:
            messages.error(request, str(error))
        raise ImmediateHttpResponse(redirect("profile"))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Exception | None = None, extra_context: Any = None
    ) -> None:
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(redirect("account_login"))
        raise ImmediateHttpResponse(rejections.failed(request, provider.app.provider_id, exception))
