"""The API's page, and the OpenAPI document that it is made from. Both are open to everybody."""

import re
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from portal.api.document import built
from portal.api.reference import reference

# What the document's descriptions have between backticks; the template has escaped everything else.
CODE = re.compile(r"`([^`<>]+)`")


@cache
def body() -> SafeString:
    """The reference as HTML: the same for everybody, so it is rendered once in each process."""
    html = render_to_string("api/_reference.html", reference())
    return mark_safe(CODE.sub(r"<code>\1</code>", html))  # noqa: S308  # the template escaped it


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How to use the API: every operation with its parameters, responses and a curl line."""
    return render(request, "api/page.html", {"reference": body()})


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The document. With the ETag that a client knows, the response is 304 while nothing has changed (RFC 9110, section 13.1.2)."""
    text, etag = built()
    headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
    response = HttpResponse(text, content_type="application/json", headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
