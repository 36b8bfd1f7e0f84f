"""The token endpoints (portal/oauth/) in the OpenAPI document, described by hand, since they are no operations of django-ninja's."""

from typing import Any

from portal.api.documented import RETRY_AFTER, TEXT, error_response, error_responses, header
from portal.api.token_schemas import text

TAG = "Token endpoints"
Security = list[dict[str, list[str]]]
BEARER_OR_BASIC: Security = [{"BearerToken": []}, {"Basic": []}]
ANYBODY: Security = []
SECURITY_SCHEMES = {"Basic": {"type": "http", "scheme": "basic", "description": "An API token as the password, with any user name."}}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


def form(required: tuple[str, ...], **fields: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {FORM: {"schema": {"type": "object", "properties": fields, "required": list(required)}}}}


def success(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def operation(name: str, summary: str, description: str, responses: dict[str, Any], *errors: int, **more: Any) -> dict[str, Any]:
    """`errors`: statuses with the description that they have everywhere."""
    words = {"operationId": name, "tags": [TAG], "summary": summary, "description": description}
    return {**words, "security": BEARER_OR_BASIC, **more, "responses": responses | error_responses(map(str, errors))}


TOKEN = text("The text of the token that this is about.", "tpp_0000000000000000000000000000000004L8wLI", minLength=1)
VERIFIED = {
    "X-Auth-User": header("The owner's username, percent-encoded unless it is printable ASCII.", "ci-runner"),
    "X-Auth-Role": header("The owner's role.", "user"),
    "X-Auth-Token-Name": header("The token's name, percent-encoded unless it is printable ASCII.", "deploy"),
    "X-Auth-Token-Expires": header("The time from which the token is rejected.", "2027-01-01T00:00:00+00:00"),
}
CLIENT_SECRET = "The client's token can also be the form's `client_secret` instead of an `Authorization` header."
VERIFY = operation(
    "verify",
    "Verify",
    "Whether the token in the `Authorization` header is valid, for gateways: nginx's auth_request, Traefik's ForwardAuth, "
    "Caddy's forward_auth and others. Every other method does the same as `GET`; a body is never read.",
    {"204": {"description": "The token is valid; the headers say whose it is.", "headers": VERIFIED}},
    *(400, 401, 429, 503),
)
INTROSPECT = operation(
    "oauth_introspect",
    "Introspect",
    f"What a token is (RFC 7662), for administrators and users with the permission to introspect. {CLIENT_SECRET}",
    {"200": success("The token; `active` alone is false if it is not valid.", "Introspection")},
    *(400, 401, 403, 408, 413, 415, 429, 503),
    requestBody=form(("token",), token=TOKEN),
)
REVOKE = operation(
    "oauth_revoke",
    "Revoke",
    "Revokes a token (RFC 7009): the one in the `Authorization` header, another one of its owner, or, for an administrator, any. "
    f"A token that is unknown or not valid any more is no error. {CLIENT_SECRET}",
    {"200": success("The token is not valid any more.", "Empty")},
    *(400, 401, 403, 408, 413, 415, 429, 503),
    requestBody=form(("token",), token=TOKEN, token_type_hint=text("Ignored.", "access_token")),
)
CLI_TOKEN = operation(
    "cli_token",
    "Token for a program",
    "The temporary token of a program's sign-in: with `code` and `code_verifier` through a browser (RFC 6749, section 4.1.3; RFC 7636), "
    "with `device_code` on a machine without one (RFC 8628, section 3.4).",
    {
        "200": success("The token.", "AccessToken"),
        "400": error_response(
            "The codes of RFC 6749, section 5.2, and, while the user has not decided, those of RFC 8628, section 3.5.",
            ("invalid_grant", "The code is unknown, already used or expired, or the code_verifier doesn't match it."),
            {},
        ),
    },
    *(408, 413, 415, 503),
    security=ANYBODY,
    requestBody=form(
        (),
        grant_type=text(f"`authorization_code`, which is the default, or `{DEVICE_GRANT}`.", "authorization_code"),
        code=text("The code that the browser brought back.", "kP3v5Jx2"),
        code_verifier=text("What `code_challenge` was made of.", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        redirect_uri=text("The address that the browser came back to.", "http://127.0.0.1:51004/callback"),
        device_code=text("The `device_code` of `/oauth/device_authorization`.", "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS3Q"),
        client_id=text("The program's name, as at `/oauth/device_authorization`.", "acme cli"),
    ),
)
DEVICE_AUTHORIZATION = operation(
    "device_authorization",
    "Device authorization",
    "Starts the sign-in of a program on a machine without a browser (RFC 8628): it shows `user_code`, which the user enters on a page of "
    "the portal, and polls `/cli/token` with `device_code`.",
    {
        "200": success("The two codes, and the page.", "DeviceAuthorization"),
        "429": error_response(
            "Too many sign-ins from this address.",
            ("too_many_requests", "Too many device sign-ins from this address."),
            {"Retry-After": RETRY_AFTER},
        ),
    },
    *(400, 408, 413, 415, 503),
    security=ANYBODY,
    requestBody=form(
        ("client_id",),
        client_id=text("The program's name, which the user sees.", "acme cli", minLength=1),
        scope=text("Ignored: the token can do what its user can.", "user"),
    ),
)
METADATA = operation(
    "oauth_metadata",
    "Authorization server metadata",
    "The addresses of the token endpoints and what they support (RFC 8414), from which OAuth libraries configure themselves.",
    {
        "200": success("The metadata.", "AuthorizationServer"),
        "400": {"description": "The `Host` header is none of the portal's names.", "content": {"text/html": {"schema": TEXT}}},
    },
    security=ANYBODY,
)
PATHS: dict[str, Any] = {
    "/verify": {"get": VERIFY},
    "/.well-known/oauth-authorization-server": {"get": METADATA},
    "/oauth/introspect": {"post": INTROSPECT},
    "/oauth/revoke": {"post": REVOKE},
    "/oauth/device_authorization": {"post": DEVICE_AUTHORIZATION},
    "/cli/token": {"post": CLI_TOKEN},
}
