"""`/verify` and `/oauth/introspect`, answered in front of Django's request stack, which would cost more than the answer.

A small WSGI application (PEP 3333). It shares `tokens.verification.verify` with everything else and knows no rule of its own.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from portal.core.client_ip import set_client_ip
from portal.core.error_responses import APIError, unavailable
from portal.core.request_bodies import prepare
from portal.oauth import introspection
from portal.oauth.clients import as_client_error, check_one_method, client_token, with_basic_challenge
from tokens.verification import usage as uses
from tokens.verification.authenticate import authenticate
from tokens.verification.basic import bearer_or_basic
from tokens.verification.bearer import BearerError, reject
from tokens.verification.lookup import Stored, Unavailable
from tokens.verification.verify import Rejected, verify

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]
MAX_FORM_BYTES = 16 * 1024
PHRASES = {
    200: "200 OK",
    204: "204 No Content",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    415: "415 Unsupported Media Type",
    429: "429 Too Many Requests",
    503: "503 Service Unavailable",
}
NO_STORE = ("Cache-Control", "no-store")


def front(django: App) -> App:
    """The application that answers the two paths, and hands everything else to `django`."""

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        prepare(environ)
        path = environ["PATH_INFO"]
        handler = HANDLERS.get(path)
        if handler is None:
            return django(environ, start_response)
        set_client_ip(environ)
        try:
            return handler(environ, start_response)
        except APIError as error:
            return send_error(with_basic_challenge(error), start_response)
        except Unavailable:
            return send_error(unavailable(), start_response)

    return application


def send_error(error: APIError, start_response: StartResponse) -> Iterable[bytes]:
    return send_json(error.status, error.body, start_response, error.headers)


def send_json(status: int, text: str, start_response: StartResponse, headers: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    body = text.encode()
    start_response(PHRASES[status], [("Content-Type", "application/json"), ("Content-Length", str(len(body))), NO_STORE, *headers])
    return [body]


def forward_auth(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """`/verify`, for nginx's auth_request, Traefik's ForwardAuth and Caddy's forward_auth: 204 and who it is, or an error response.

    Any method will do: Envoy, Traefik and Apache send that of the request which they ask about. A body is never read.
    """
    token = authenticate(environ, datetime.now(UTC), bearer_or_basic)
    start_response(
        PHRASES[204],
        [
            ("X-Auth-User", header_value(token.username)),
            ("X-Auth-Role", token.role),
            ("X-Auth-Token-Name", header_value(token.name)),
            ("X-Auth-Token-Expires", token.expires_at.isoformat()),
            NO_STORE,
        ],
    )
    return []


def header_value(text: str) -> str:
    """`text` for a header: what is not printable ASCII, and `%` itself, percent-encoded as UTF-8 (RFC 3986).

    A reader decodes it with any decoder of URLs. Spaces are encoded too in such a value: those at its ends would be lost.
    """
    plain = text.isascii() and text.isprintable() and "%" not in text and text == text.strip()
    return text if plain else quote(text, safe="!\"#$&'()*+,/:;<=>?@[\\]^`{|}~")


def introspect(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """`POST /oauth/introspect` (RFC 7662): what a token is, for callers with the permission to introspect."""
    if environ["REQUEST_METHOD"] != "POST":
        raise APIError(405, "method_not_allowed", "Use POST.", ("Allow", "POST"))
    caller, form = authenticated_client(environ, datetime.now(UTC))
    if caller.role != "administrator" and not caller.may_introspect:
        raise reject(BearerError.INSUFFICIENT_SCOPE)
    now = datetime.now(UTC)  # not before the first look-up, which may have been slow
    found = verify(single_param(form, "token"), now)
    # The token was presented to the caller, which alone knows from which address.
    if isinstance(found, Rejected):
        if found.token:
            uses.record_rejected(found.token.id, now, None)
        return send_json(200, '{"active": false}', start_response)
    uses.record_accepted(found.id, now, None)
    return send_json(200, json.dumps(introspection.described(found, now, introspection.cap.get())), start_response)


def authenticated_client(environ: Environ, now: datetime) -> tuple[Stored, dict[str, list[str]]]:
    """Who asks, and the request's form, which is read only once the client is known, unless the form itself says who it is. Raises
    APIError and Unavailable."""
    header = environ.get("HTTP_AUTHORIZATION")
    form = None if header else read_form(environ)
    try:
        client = authenticate(environ, now, partial(client_token, form=form))
    except APIError as error:
        raise as_client_error(error, header) from None
    form = form or read_form(environ)
    check_one_method(header, form)
    return client, form


def read_form(environ: Environ) -> dict[str, list[str]]:
    """The request's form: every value of each parameter. Raises APIError."""
    if environ.get("CONTENT_TYPE", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise APIError(415, "invalid_request", "Send the form application/x-www-form-urlencoded.")
    try:
        length = int(environ.get("CONTENT_LENGTH") or MAX_FORM_BYTES + 1)  # a chunked body has none
    except ValueError:
        raise APIError(400, "invalid_request", "The Content-Length is not a number.") from None
    try:
        data = environ["wsgi.input"].read(min(max(length, 0), MAX_FORM_BYTES + 1))
    except OSError:
        raise APIError(400, "invalid_request", "The connection was closed before the whole form had arrived.") from None
    if len(data) > MAX_FORM_BYTES:
        raise APIError(413, "invalid_request", f"The form has more than {MAX_FORM_BYTES} bytes.")
    return parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)


def single_param(values: dict[str, list[str]], name: str) -> str:
    """The one value of a parameter that must be there once. Raises APIError."""
    found = values.get(name, [])
    if len(found) != 1 or not found[0]:
        raise APIError(400, "invalid_request", f"Send exactly one parameter: {name}.")
    return found[0]


HANDLERS: dict[str, Callable[[Environ, StartResponse], Iterable[bytes]]] = {
    "/verify": forward_auth,
    "/oauth/introspect": introspect,
}
