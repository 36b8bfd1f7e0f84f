"""What goes in and out of the token endpoints, in the OpenAPI document."""

from typing import Any

from django.conf import settings

from portal.api.documented import TEXT

DEVICE_PAGE = f"{settings.PORTAL_URL}/device/"
ENDPOINTS = {
    "authorization_endpoint": "/cli/sign-in",
    "device_authorization_endpoint": "/oauth/device_authorization",
    "token_endpoint": "/cli/token",
    "introspection_endpoint": "/oauth/introspect",
    "revocation_endpoint": "/oauth/revoke",
    "service_documentation": "/api/v1/",
}
SUPPORTED = {
    "response_types_supported": "code",
    "response_modes_supported": "query",
    "code_challenge_methods_supported": "S256",
    "token_endpoint_auth_methods_supported": "none",
    "grant_types_supported": "authorization_code",
    "introspection_endpoint_auth_methods_supported": "client_secret_basic",
    "revocation_endpoint_auth_methods_supported": "client_secret_basic",
    "scopes_supported": "user",
}


def text(description: str, example: str, **more: Any) -> dict[str, Any]:
    return {**TEXT, "description": description, "examples": [example], **more}


def number(description: str, example: int) -> dict[str, Any]:
    return {"type": "integer", "description": description, "examples": [example]}


SCHEMAS: dict[str, Any] = {
    "Introspection": {
        "type": "object",
        "description": "RFC 7662, section 2.2. A token that is not valid has `active` alone.",
        "required": ["active"],
        "properties": {
            "active": {"type": "boolean", "description": "Whether the token is valid.", "examples": [True]},
            "username": text("The owner's username.", "ci-runner"),
            "sub": text("The owner's ID.", "7"),
            "token_type": text("How the token is sent.", "Bearer"),
            "iat": number("When the token was created, in seconds since 1970.", 1767225600),
            "exp": number("Until when the response may be kept, in seconds since 1970: at most until the token expires.", 1767225900),
            "jti": text("The token's ID.", "0198c6a2-7f2e-7c3a-9d55-0a4b8c1d2e3f"),
            "client_id": text("The token's name.", "deploy"),
            "scope": text("The owner's role and those that it implies, separated by spaces.", "operator user"),
            "role": text("The owner's role.", "operator"),
        },
    },
    "AccessToken": {
        "type": "object",
        "description": "RFC 6749, section 5.1.",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": text("The token's text.", "tpt_0000000000000000000000000000000004L8wLI"),
            "token_type": text("How the token is sent.", "Bearer"),
            "expires_in": number("Seconds until the token expires.", 28800),
        },
    },
    "DeviceAuthorization": {
        "type": "object",
        "description": "RFC 8628, section 3.2.",
        "required": ["device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"],
        "properties": {
            "device_code": text("What the program polls `/cli/token` with.", "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS3Q"),
            "user_code": text("What the user enters on the page.", "WDJB-MJHT"),
            "verification_uri": text("The page on which the user enters the code.", DEVICE_PAGE),
            "verification_uri_complete": text("The same page with the code filled in.", f"{DEVICE_PAGE}?user_code=WDJB-MJHT"),
            "expires_in": number("Seconds for which the codes are valid.", 600),
            "interval": number("Seconds to wait between two polls.", 5),
        },
    },
    "AuthorizationServer": {
        "type": "object",
        "description": "RFC 8414, section 2.",
        "required": ["issuer", *ENDPOINTS, *SUPPORTED],
        "properties": {
            "issuer": text("The portal's URL.", settings.PORTAL_URL),
            **{name: text("A URL of this portal.", f"{settings.PORTAL_URL}{path}") for name, path in ENDPOINTS.items()},
            **{name: {"type": "array", "items": TEXT, "examples": [[value]]} for name, value in SUPPORTED.items()},
        },
    },
    "Empty": {"type": "object", "description": "An object without members.", "properties": {}},
}
