"""The token endpoints (portal/oauth/) in the OpenAPI document, described by hand, since they are no operations of django-ninja's."""

from typing import Any

from portal.api.documented import TEXT, error_response, error_responses, header

TAG = "Token endpoints"
BEARER: list[dict[str, list[str]]] = [{"BearerToken": []}]
FORM = "application/x-www-form-urlencoded"


def text(description: str, example: str, **more: Any) -> dict[str, Any]:
    return {**TEXT, "description": description, "examples": [example], **more}


def seconds(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description, "examples": [1798761599]}


def form(required: tuple[str, ...], **fields: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {FORM: {"schema": {"type": "object", "properties": fields, "required": list(required)}}}}


def success(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def operation(name: str, summary: str, description: str, responses: dict[str, Any], *errors: int, **more: Any) -> dict[str, Any]:
    """`errors`: statuses with the description that they have everywhere."""
    words = {"operationId": name, "tags": [TAG], "summary": summary, "description": description}
    return {**words, "security": BEARER, **more, "responses": responses | error_responses(map(str, errors))}


TOKEN = text("The text of the token that this is about.", "tpp_0000000000000000000000000000000004L8wLI", minLength=1)
VERIFIED = {
    "X-Auth-User": header("The owner's username, percent-encoded unless it is printable ASCII.", "ci-runner"),
    "X-Auth-Role": header("The owner's role.", "user"),
    "X-Auth-Token-Name": header("The token's name, percent-encoded unless it is printable ASCII.", "deploy"),
    "X-Auth-Token-Expires": header("The time from which the token is rejected.", "2027-01-01T00:00:00+00:00"),
}
VERIFY = operation(
    "verify",
    "Verify",
    "Whether the token in the `Authorization` header is valid, for gateways: nginx's auth_request, Traefik's ForwardAuth, "
    "Caddy's forward_auth and others.",
    {"204": {"description": "The token is valid; the headers say whose it is.", "headers": VERIFIED}},
    *(400, 401, 429, 503),
)
INTROSPECT = operation(
    "oauth_introspect",
    "Introspect",
    "What a token is (RFC 7662), for administrators and users with the permission to introspect.",
    {"200": success("The token; `active` alone is false if it is not valid.", "Introspection")},
    *(400, 401, 403, 413, 415, 429, 503),
    requestBody=form(("token",), token=TOKEN),
)
REVOKE = operation(
    "oauth_revoke",
    "Revoke",
    "Revokes a token (RFC 7009): the one in the `Authorization` header, another one of its owner, or, for an administrator, any. "
    "A token that is unknown or not valid any more is no error.",
    {"200": success("The token is not valid any more.", "Empty")},
    *(400, 401, 403, 413, 415, 429, 503),
    requestBody=form(("token",), token=TOKEN, token_type_hint=text("Ignored.", "access_token")),
)
CLI_TOKEN = operation(
    "cli_token",
    "Token for a command-line tool",
    "The temporary token of a command-line tool's sign-in (RFC 6749, section 4.1.3, and RFC 7636). Errors have the codes of section 5.2.",
    {
        "200": success("The token.", "AccessToken"),
        "400": error_response(
            "The request is malformed, or the code is not valid (any more).",
            ("invalid_grant", "The code is unknown, already used or expired, or the code_verifier doesn't match it."),
            {},
        ),
    },
    *(413, 415, 503),
    security=[],
    requestBody=form(
        ("code", "code_verifier"),
        grant_type=text("`authorization_code`, which is the default.", "authorization_code"),
        code=text("The code that the browser brought back.", "kP3v5Jx2", minLength=1),
        code_verifier=text("What `code_challenge` was made of.", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", minLength=1),
        redirect_uri=text("The address that the browser came back to.", "http://127.0.0.1:51004/callback"),
    ),
)
PATHS: dict[str, Any] = {
    "/verify": {"get": VERIFY},
    "/oauth/introspect": {"post": INTROSPECT},
    "/oauth/revoke": {"post": REVOKE},
    "/cli/token": {"post": CLI_TOKEN},
}
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
            "iat": seconds("When the token was created, in seconds since 1970."),
            "exp": seconds("Until when this answer holds at most, in seconds since 1970."),
            "jti": text("The token's ID.", "0198c6a2-7f2e-7c3a-9d55-0a4b8c1d2e3f"),
            "client_id": text("The token's name.", "deploy"),
            "scope": text("The roles that the token has, separated by spaces.", "user"),
            "role": text("The owner's role.", "user"),
        },
    },
    "AccessToken": {
        "type": "object",
        "description": "RFC 6749, section 5.1.",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": text("The token's text.", "tpt_0000000000000000000000000000000004L8wLI"),
            "token_type": text("How the token is sent.", "Bearer"),
            "expires_in": {"type": "integer", "description": "Seconds until the token expires.", "examples": [28800]},
        },
    },
    "Empty": {"type": "object", "description": "An object without members.", "properties": {}},
}
