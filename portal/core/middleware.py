"""Middleware for every page."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from portal.core import request_context
from portal.core.client_ip import canonical, trusted

REQUEST_ID = "X-Request-Id"
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class RequestContextMiddleware:
    """Gives each request its context, and the response the header X-Request-Id. The outermost, before ClientIPMiddleware: REMOTE_ADDR must
    still be the nearest proxy's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_of(request)
        with request_context.use(request_context.channel_of(request.path_info), request_id):
            response = self.get_response(request)
        response[REQUEST_ID] = request_id
        return response


def request_id_of(request: HttpRequest) -> str:
    """What a proxy of TRUSTED_PROXIES sent as X-Request-Id, or else a new one: a client could name somebody else's request."""
    sent, peer = request.headers.get(REQUEST_ID, ""), canonical(request.META.get("REMOTE_ADDR", ""))
    return sent if ACCEPTED_ID.fullmatch(sent) and peer and trusted(peer) else uuid.uuid4().hex


class PrivatePagesMiddleware:
    """Keeps what a signed-in visitor sees out of every cache, the browser's back-forward cache included: after a sign-out,
    or once a token's window is closed, Back must not bring it up again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages and fragments of pages that are requested by GET.

    Secrets (a new token, a temporary one, a calendar's or an invitation's link) are shown in responses to POST alone, which stay as they
    are: from the lengths of compressed responses one could guess at a secret in them (BREACH, docs/security.md). JSON stays as it is
    too: its ETag is compared with If-Match, for which a compressed response's would be a weak one (RFC 9110, section 13.1.1).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
        if request.method != "GET" or not is_page or response.streaming:
            return response  # of an error page, the API's middleware makes JSON
        return super().process_response(request, response)


class MethodNotAllowedMiddleware:
    """Django answers a method that a page does not know with an empty 405: a person gets a page with a link instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            allow = response["Allow"]
            response = render(request, "405.html", status=405)
            response["Allow"] = allow
        return response


FRAME_ROOM = 32 * 1024  # pointers: a frame of 256 KB, in a chunk of 512 KB; only what is used of it takes memory


def frame_room_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Room for all frames of a request in one piece of memory.

    CPython keeps frames in chunks of 16 KB and returns a chunk to the system as soon as its last frame ends. Where a loop happens to call
    across the end of a chunk, as deep templates do, each call maps and unmaps memory: the same page took 41 or 26 ms, by the number of
    functions that called it, and takes 17 ms so. A frame that needs more than a chunk gets a larger one, which then holds whatever is
    called from it. Source: `push_chunk` in CPython's Python/pystate.c.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.__code__ = middleware.__code__.replace(co_stacksize=FRAME_ROOM)
    return middleware
