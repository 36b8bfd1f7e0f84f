"""Responses that the server gives before Django sees the request: to programs as JSON, as the API and DuploCloud's clients read errors,
and to browsers as a small page."""

import json

from portal.core.asgi_client import Send
from portal.core.error_responses import SCIM_TYPE, error_body, scim_error_body
from portal.core.request_bodies import API_PREFIXES, CHECKED_BY_THEIR_VIEWS, SCIM_PREFIX

# Status -> error code, title, sentence, header.
TEXTS = {
    400: ("invalid_request", "Bad request", "The connection ended before the whole request had arrived.", (b"connection", b"close")),
    408: ("invalid_request", "Request timed out", "The request did not arrive in time.", (b"connection", b"close")),
    503: ("temporarily_unavailable", "Too many requests", "The portal is busy. Try again in a moment.", (b"retry-after", b"1")),
}


async def respond_early(send: Send, path: str, status: int) -> None:
    """Sends the error response for a status of TEXTS. `path`: the request's."""
    content_type, body = described(path, status)
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        TEXTS[status][3],
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def described(path: str, status: int) -> tuple[bytes, bytes]:
    """The content type and the body."""
    code, title, sentence, _ = TEXTS[status]
    if path.startswith(API_PREFIXES):
        return b"application/json", error_body(code, sentence).encode()
    if path.startswith(SCIM_PREFIX):
        return SCIM_TYPE.encode(), scim_error_body(status, sentence).encode()
    if path.startswith(CHECKED_BY_THEIR_VIEWS):
        return b"application/json", json.dumps({"Message": sentence}).encode()
    page = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><p>{sentence}</p></html>\n'
    return b"text/html; charset=utf-8", page.encode()
