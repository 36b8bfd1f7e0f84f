"""django-allauth's OpenID Connect, with the ID token verified (id_token.py) and every request to the provider limited (http.py).

Loaded only when somebody signs in by a provider: `requests` and PyJWT take memory that other portals need not spend."""

import hashlib
import re
import time
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest

from portal.env.providers import OidcProvider
from portal.sso import claims, discovery, http, id_token, providers
from portal.sso.company_login import CompanyLogin

ERROR_CODE = re.compile(r'"error"\s*:\s*"([a-z_]{1,40})"')  # RFC 6749, section 5.2


def nonce_of(verifier: str) -> str:
    """The nonce of a sign-in, made of its PKCE verifier: both are kept in the session until the browser comes back, and nowhere else."""
    return hashlib.sha256(f"nonce:{verifier}".encode()).hexdigest()


def configured(provider_id: str) -> OidcProvider:
    found = providers.oidc(provider_id)
    if found is None:
        raise SocialApp.DoesNotExist
    return found


class Adapter(OpenIDConnectOAuth2Adapter):
    """What is exchanged with the provider after the browser has come back."""

    verifier = ""

    @property
    def config(self) -> OidcProvider:
        return configured(self.provider_id)

    @property
    def openid_config(self) -> dict[str, Any]:
        return discovery.document(self.config)

    def get_access_token_data(self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: str | None = None) -> dict[str, Any]:
        """Exchanges the code, if the response is this provider's: `iss` tells apart those who share a redirect URI (RFC 9207)."""
        issuer = request.GET.get("iss")
        expected = self.openid_config.get("authorization_response_iss_parameter_supported") is True
        if (issuer is None and expected) or issuer not in (None, self.config.issuer):
            raise OAuth2Error("The response names another issuer.")
        if not pkce_code_verifier:
            raise OAuth2Error("The sign-in was not begun here.")
        self.verifier = pkce_code_verifier
        try:
            data = super().get_access_token_data(request, app, client, pkce_code_verifier=pkce_code_verifier)
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise OAuth2Error("The token endpoint's response cannot be read.") from error
        except OAuth2Error as error:  # quotes the whole response, which may hold tokens
            code = ERROR_CODE.search(str(error))
            raise OAuth2Error(f"No access token: {code[1] if code else 'unknown error'}.") from None
        if not isinstance(data, dict):
            raise OAuth2Error("The token endpoint's response is no JSON object.")
        return data

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """The access token serves once, for the userinfo endpoint, and is stored nowhere."""
        return SocialToken(token=str(data["access_token"]))

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> SocialLogin:
        try:
            found = id_token.verify(kwargs["response"].get("id_token"), self.config, nonce_of(self.verifier), time.time())
        except id_token.InvalidIdToken as error:
            raise OAuth2Error(f"Invalid ID token: {error}") from error
        if not claims.is_complete(self.config, found):
            found = self.userinfo(token.token, found["sub"]) | found
        return CompanyLogin.of(claims.identity(self.config, found), self.get_provider())

    def userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        """The claims of the userinfo endpoint, if there is one. They must be about the same user (section 5.3.2)."""
        url = self.openid_config.get("userinfo_endpoint")
        if not url:
            return {}
        found = http.json_object(url, {"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise OAuth2Error("The userinfo endpoint answers about another user.")
        return found


class Provider(OpenIDConnectProvider):
    """What is sent along with the browser. Nothing of it comes from the query, by which others could ask for more."""

    oauth2_adapter_class = Adapter

    def get_pkce_params(self) -> dict[str, str]:
        made = generate_code_challenge()
        return made | {"nonce": nonce_of(made["code_verifier"])}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return list(configured(self.app.provider_id).scopes)

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return {}


def provider(request: HttpRequest | None, config: OidcProvider) -> Provider:
    app = SocialApp(
        provider="openid_connect",
        provider_id=config.id,
        name=config.name,
        client_id=config.client_id,
        secret=config.client_secret,
        settings={"server_url": config.issuer},
    )
    return Provider(request, app=app)
