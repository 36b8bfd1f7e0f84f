"""`/.well-known/oauth-authorization-server` (RFC 8414): what an OAuth client needs to know of the portal, found by its URL alone."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.core.permissions import EVERYBODY
from portal.oauth.cli_token import GRANTS

CLIENT_SECRET = ["client_secret_basic", "client_secret_post"]
MOST_AGE_SECONDS = 3600


def metadata(url: str) -> dict[str, Any]:
    """The values of RFC 8414, section 2, for the portal at `url`, which has no slash at its end."""
    return {
        "issuer": url,
        "authorization_endpoint": url + reverse("tokens:cli_sign_in"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "device_authorization_endpoint": url + reverse("device_authorization"),
        "token_endpoint": url + reverse("cli_token"),
        "token_endpoint_auth_methods_supported": ["none"],  # clients are public (RFC 8252): they send a client_id, which is a name
        "grant_types_supported": list(GRANTS),
        "introspection_endpoint": f"{url}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": [*CLIENT_SECRET, "Bearer"],
        "revocation_endpoint": url + reverse("oauth_revoke"),
        "revocation_endpoint_auth_methods_supported": CLIENT_SECRET,  # and Bearer, for which the RFC has no word here
        "scopes_supported": list(EVERYBODY),
        "service_documentation": url + reverse("api_page"),
    }


@require_safe
def authorization_server(request: HttpRequest) -> JsonResponse:
    """Public, and the same for everybody: scripts of other websites may read it, and caches keep it."""
    headers = {"Cache-Control": f"public, max-age={MOST_AGE_SECONDS}", "Access-Control-Allow-Origin": "*"}
    return JsonResponse(metadata(settings.PORTAL_URL), headers=headers)
