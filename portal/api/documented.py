"""Words, headers and examples that every operation of the OpenAPI document shares."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from portal.api.errors import BY_STATUS, CHANGED

DESCRIPTION = (
    "Users, tokens, config and faults, and the endpoints at which services verify tokens. "
    "Send an API token with every request: `Authorization: Bearer tpp_…`. "
    "Every error response has the same JSON body: a code for programs, a sentence for people, and the field, if it is about one."
)
TAGS = [
    {"name": "Who am I", "description": "The token that was sent, and its owner."},
    {"name": "Users", "description": "People, who sign in, and service accounts, which only own tokens."},
    {"name": "Tokens", "description": "Permanent tokens. A temporary token belongs to a session and is not listed."},
    {"name": "Config", "description": "The keys of System Settings → Config."},
    {"name": "Faults", "description": "What needs attention: a token that is about to expire, a notification that was not delivered."},
    {"name": "Audit trail", "description": "Who did what, when and from where, for a SIEM."},
    {"name": "Token endpoints", "description": "For gateways and services that verify tokens, and for command-line tools that sign in."},
]
INFO = {
    "contact": {"name": settings.PORTAL_NAME, "url": settings.PORTAL_URL},
    "license": {"name": "MIT", "identifier": "MIT"},
}
TEXT = {"type": "string"}


def header(description: str, example: str | int, required: bool = True) -> dict[str, Any]:
    """A response header."""
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": description, "required": required, "schema": {"type": kind, "examples": [example]}}


CHALLENGE = header("Which credentials are accepted, and why these were rejected (RFC 6750, section 3).", 'Bearer realm="Token Portal"')
RETRY_AFTER = header("Seconds after which to send the request again.", 1)
# For the operations whose response has the version of an object.
ETAG = header("The version of the object; send it as `If-Match` with a change.", '"5f1c0d6b7a9e4c32"')
TAGGED = {"responses": {200: {"headers": {"ETag": ETAG}}}}

# Status -> its description; an example of its body; its headers.
ERRORS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "400": ("The request, its body or its `Authorization` header cannot be read.", BY_STATUS[400], {}),
    "401": (
        "No token was sent, or it is unknown, expired or revoked, or its owner is deactivated.",
        ("invalid_token", "The token is unknown, expired or revoked."),
        {"WWW-Authenticate": CHALLENGE},
    ),
    "403": (
        "The token's owner does not have permission to do this.",
        ("insufficient_scope", "The token's owner does not have permission to do this."),
        {},
    ),
    "404": ("It is not there, or it is somebody else's.", BY_STATUS[404], {}),
    "408": ("The body did not arrive in time.", ("invalid_request", "The request did not arrive in time."), {}),
    "409": ("Another request was faster: it is revoked or acknowledged already.", ("conflict", "This token is already revoked."), {}),
    "412": ("It has changed since the version in `If-Match`.", ("precondition_failed", CHANGED), {}),
    "413": ("The body is larger than any request needs.", BY_STATUS[413], {}),
    "415": ("The body has another content type.", BY_STATUS[415], {}),
    "422": (
        "A value is against a rule; `field` names it.",
        ("invalid_value", "Expiry date must be later than today (2026-11-22).", "expires"),
        {},
    ),
    "429": (
        "Too many rejected tokens from this address.",
        ("too_many_requests", "Too many rejected tokens from this address."),
        {"Retry-After": RETRY_AFTER},
    ),
    "503": ("The database is not responding.", BY_STATUS[503], {"Retry-After": RETRY_AFTER}),
}


def error_response(description: str, example: tuple[str, ...], headers: dict[str, Any]) -> dict[str, Any]:
    """An error response. `example`: the values of its body."""
    body = dict(zip(("error", "error_description", "field"), example, strict=False))
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "example": body}}
    return {"description": description, "content": content} | ({"headers": headers} if headers else {})


def error_responses(statuses: Iterable[str]) -> dict[str, Any]:
    """The descriptions of the statuses among these that are errors."""
    return {status: error_response(*ERRORS[status]) for status in statuses if status in ERRORS}
