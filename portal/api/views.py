"""The API's interactive page, and the document that it shows. Both are open to everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from portal.api.document import built


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The interactive page. It asks for nothing but the OpenAPI document and what its reader sends with a token of their own."""
    return render(request, "api/page.html")


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The document. With the ETag that a client knows, the response is 304 while nothing has changed (RFC 9110, section 13.1.2)."""
    text, etag = built()
    headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
    response = HttpResponse(text, content_type="application/json", headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
