"""`/verify` and `/oauth/introspect`, answered in the event loop: no page, password hash or unfinished body can delay them.

An ASGI application in front of Django. It shares `tokens.verification` with everything else and knows no rule of its own.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from portal.core.asgi import App, Disconnected, Scope, TooLarge, read_body
from portal.core.asgi_client import Receive, Send
from portal.core.client_ip import client_address
from portal.core.error_responses import APIError, unavailable
from portal.oauth import forms, introspection
from portal.oauth.clients import as_client_error, check_one_method, client_token, with_basic_challenge
from tokens.verification import usage as uses
from tokens.verification.authenticate import authenticate_in_loop
from tokens.verification.basic import bearer_or_basic
from tokens.verification.bearer import BearerError, reject
from tokens.verification.lookup import Lookups, Stored, Unavailable
from tokens.verification.verify import Rejected, verify_in_loop

FORM_SECONDS = 5.0
NO_STORE = (b"cache-control", b"no-store")


@dataclass(slots=True)
class Request:
    """What the handlers need of a request. `address`: the client's."""

    method: str
    authorization: str | None
    content_type: str
    content_length: str
    address: str | None
    receive: Receive


@dataclass(slots=True)
class Response:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


def front(behind: App, lookups: Lookups) -> App:
    """The application that answers the two paths, and hands everything else to `behind`."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        handler = HANDLERS.get(path) or (ext_authz if path.startswith("/verify/") else None)
        if handler is None:
            await behind(scope, receive, send)
            return
        try:
            response = await handler(read_headers(scope, receive), lookups)
        except APIError as error:
            response = error_response(with_basic_challenge(error))
        except Unavailable:
            response = error_response(unavailable())
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    return application


def read_headers(scope: Scope, receive: Receive) -> Request:
    """Several lines of one header count as one list (RFC 9110, section 5.3): two Authorization headers are malformed credentials."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in WANTED:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    peer = scope["client"][0] if scope["client"] else ""
    address = client_address(peer, found.get(b"x-forwarded-for", ""))
    content_type, length = found.get(b"content-type", ""), found.get(b"content-length", "")
    return Request(scope["method"], found.get(b"authorization"), content_type, length, address, receive)


WANTED = {b"authorization", b"content-type", b"content-length", b"x-forwarded-for"}


def error_response(error: APIError) -> Response:
    return json_response(error.status, error.body, *((name.lower().encode(), value.encode("latin-1")) for name, value in error.headers))


def json_response(status: int, text: str, *headers: tuple[bytes, bytes]) -> Response:
    body = text.encode()
    return Response(status, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), NO_STORE, *headers], body)


async def forward_auth(request: Request, lookups: Lookups) -> Response:
    """`/verify`, for nginx's auth_request, Traefik's ForwardAuth and Caddy's forward_auth: 204 and who it is, or an error response.

    Any method will do: Envoy, Traefik and Apache send that of the request which they ask about. A body is never read.
    """
    token = await authenticate_in_loop(request.authorization, request.address, lookups, bearer_or_basic)
    return Response(
        204,
        [
            (b"x-auth-user", header_value(token.username)),
            (b"x-auth-role", token.role.encode()),
            (b"x-auth-token-name", header_value(token.name)),
            (b"x-auth-token-expires", token.expires_at.isoformat().encode()),
            NO_STORE,
        ],
    )


async def ext_authz(request: Request, lookups: Lookups) -> Response:
    """Whatever begins with `/verify/`, for Envoy's ext_authz: it adds the path of the request, and takes 200 alone for a yes."""
    response = await forward_auth(request, lookups)
    response.status = 200
    response.headers.append((b"content-length", b"0"))
    return response


def header_value(text: str) -> bytes:
    """`text` for a header: what is not printable ASCII, and `%` itself, percent-encoded as UTF-8 (RFC 3986).

    A reader decodes it with any decoder of URLs. Spaces are encoded too in such a value: those at its ends would be lost.
    """
    plain = text.isascii() and text.isprintable() and "%" not in text and text == text.strip()
    return (text if plain else quote(text, safe="!\"#$&'()*+,/:;<=>?@[\\]^`{|}~")).encode()


async def introspect(request: Request, lookups: Lookups) -> Response:
    """`POST /oauth/introspect` (RFC 7662): what a token is, for callers with the permission to introspect."""
    if request.method != "POST":
        raise APIError(405, "method_not_allowed", "Use POST.", ("Allow", "POST"))
    caller, form = await authenticated_client(request, lookups)
    if caller.role != "administrator" and not caller.may_introspect:
        raise reject(BearerError.INSUFFICIENT_SCOPE)
    found, now = await verify_in_loop(forms.single_param(form, "token"), lookups)
    # The token was presented to the caller, which alone knows from which address.
    if isinstance(found, Rejected):
        if found.token:
            uses.record_rejected(found.token.id, now, None)
        return json_response(200, '{"active": false}')
    uses.record_accepted(found.id, now, None)
    return json_response(200, json.dumps(introspection.described(found, now, await introspection.cap.get_in_loop())))


async def authenticated_client(request: Request, lookups: Lookups) -> tuple[Stored, forms.Form]:
    """Who asks, and the request's form, which is read only once the client is known, unless the form itself says who it is. Raises
    APIError and Unavailable."""
    header = request.authorization
    form = None if header else await read_form(request)
    try:
        client = await authenticate_in_loop(header, request.address, lookups, partial(client_token, form=form))
    except APIError as error:
        raise as_client_error(error, header) from None
    form = form or await read_form(request)
    check_one_method(header, form)
    return client, form


async def read_form(request: Request) -> forms.Form:
    """Raises APIError."""
    length = forms.form_length(request.content_type, request.content_length)
    try:
        return forms.parse_form(await read_body(request.receive, length, forms.MOST_BYTES, FORM_SECONDS))
    except TooLarge:
        raise forms.too_large() from None
    except Disconnected:
        raise APIError(400, "invalid_request", "The connection was closed before the whole form had arrived.") from None
    except TimeoutError:
        raise APIError(408, "invalid_request", "The form did not arrive in time.", ("Connection", "close")) from None


HANDLERS: dict[str, Callable[[Request, Lookups], Awaitable[Response]]] = {"/verify": forward_auth, "/oauth/introspect": introspect}
