"""A request's body is judged by its headers before anything reads it: no upload reaches the disk, and none is parsed for nothing.

The portal takes no files. Pages take forms as browsers send them (application/x-www-form-urlencoded), and the API's own
addresses check the type themselves, before they read.
"""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string

FORM = "application/x-www-form-urlencoded"
# A type without parameters, or with simple ones; the only charset is UTF-8.
READABLE = re.compile(r"|[\w.+-]+/[\w.+-]+( *; *(charset *= *\"?utf-8\"?|(?!charset)[\w-]+=\"?[\w.+/-]*\"?)?)*", re.ASCII | re.IGNORECASE)
# URLs whose errors are JSON, whether the API, Django, a middleware or the server raised them.
API_PREFIXES = ("/api/", "/oauth/", "/cli/token")
SCIM_PREFIX = "/scim/"
CHECKED_BY_THEIR_VIEWS = (*API_PREFIXES, SCIM_PREFIX, "/v1/", "/v3/", "/admin/UpdateUserRole")


def normalize_content_type(environ: dict[str, Any]) -> None:
    """Before Django makes a request of a WSGI environment: a content type that Django would fail at (it raises whatever Python does for a
    charset such as `hex`) becomes one that nothing takes."""
    if not READABLE.fullmatch(environ.get("CONTENT_TYPE", "")):
        environ["CONTENT_TYPE"] = "application/octet-stream"


class BodyMiddleware:
    """Rejects a body that is too large (413), of unknown length (411) or of a type that no page takes (415)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        status = rejection(request)
        return rejected(status) if status else self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return rejected(400) if isinstance(exception, UnreadablePostError) else None


def rejection(request: HttpRequest) -> int:
    """The status that rejects the request's body, or 0."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        return 400
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return 411  # RFC 9112, section 6.3: a server may ask for a length. Django would take the body for empty
    if int(text[:20]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return 413
    if int(text) and not is_type_accepted(request):
        return 415
    return 0


def is_type_accepted(request: HttpRequest) -> bool:
    """A multipart body nowhere: Django's CSRF check would parse it before any view could say no."""
    if request.path_info.startswith(CHECKED_BY_THEIR_VIEWS):
        return request.content_type != "multipart/form-data"
    return request.content_type == FORM


def rejected(status: int) -> HttpResponse:
    return HttpResponse(render_to_string(f"{status}.html"), status=status, headers={"Cache-Control": "no-store"})
