"""The resources' URLs. What they need of the library is imported by the first request that has been authenticated."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NoReturn

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from portal.core.error_responses import SCIM_TYPE
from portal.core.permissions import actor_of
from portal.core.versions import Versions
from portal.scim import payloads
from portal.scim.auth import directory
from portal.scim.errors import SENTENCES, ScimError, respond

# Each has `listed`, `find`, `represented`, and what the methods do: `create`, `replace`, `patch` (does it respond with the resource, which
# RFC 7644 leaves open in section 3.5.2?), `delete`.
USERS, GROUPS = "portal.scim.people_changes", "portal.scim.group_changes"


@directory
def users(request: HttpRequest) -> HttpResponse:
    """GET lists people, POST creates one."""
    return collection(request, import_module(USERS))


@directory
def search_users(request: HttpRequest) -> HttpResponse:
    """POST is a list by parameters in the body (RFC 7644, section 3.4.3)."""
    return by_method(request, {"POST": lambda: body(import_module(USERS).listed(data_of(request)))})


@directory
def user(request: HttpRequest, key: str) -> HttpResponse:
    return one(request, import_module(USERS), key)


@directory
def groups(request: HttpRequest) -> HttpResponse:
    """GET lists the groups that the directory made, POST makes one."""
    return collection(request, import_module(GROUPS))


@directory
def search_groups(request: HttpRequest) -> HttpResponse:
    return by_method(request, {"POST": lambda: body(import_module(GROUPS).listed(data_of(request)))})


@directory
def group(request: HttpRequest, key: str) -> HttpResponse:
    return one(request, import_module(GROUPS), key)


def collection(request: HttpRequest, kind: Any) -> HttpResponse:
    def create() -> HttpResponse:
        return resource(request, kind, kind.create(data_of(request), actor_of(request), timezone.now()), 201)

    return by_method(request, {"GET": lambda: body(kind.listed(request.GET.dict())), "POST": create})


def one(request: HttpRequest, kind: Any, key: str) -> HttpResponse:
    """One resource: GET, PUT, PATCH and DELETE."""
    row, actor, now, read = kind.find(key), actor_of(request), timezone.now(), of_if_match(request)

    def patch() -> HttpResponse:
        changed = kind.patch(row, data_of(request), actor, now, read)
        return resource(request, kind, changed) if kind.PATCH_RESPONDS or "attributes" in request.GET else HttpResponse(status=204)

    def delete() -> HttpResponse:
        kind.delete(row, actor, now, read)
        return HttpResponse(status=204)

    return by_method(
        request,
        {
            "GET": lambda: resource(request, kind, row),
            "PUT": lambda: resource(request, kind, kind.replace(row, data_of(request), actor, now, read)),
            "PATCH": patch,
            "DELETE": delete,
        },
    )


def resource(request: HttpRequest, kind: Any, row: Any, status: int = 200) -> HttpResponse:
    """A resource with the attributes that the request asks for; 304 if the client has it (RFC 7644, section 3.14)."""
    data, etag, location = kind.represented(row, request.GET.dict())
    headers = {"ETag": etag, "Location": location}
    known = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    if request.method == "GET" and (etag in known or "*" in known):
        return HttpResponse(status=304, headers=headers)
    return body(data, status, headers)


def body(data: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return JsonResponse(data, status=status, content_type=SCIM_TYPE, headers=headers)


def data_of(request: HttpRequest) -> dict[str, Any]:
    return payloads.read(request.content_type, request.body)


def of_if_match(request: HttpRequest) -> Versions:
    """The versions that If-Match names. The tags are weak, and compared as such (RFC 7644, section 3.14)."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]


def by_method(request: HttpRequest, handlers: Mapping[str, Callable[[], HttpResponse]]) -> HttpResponse:
    """The response of the request's method; 405 with Allow for others."""
    handler = handlers.get(request.method or "")
    return handler() if handler else respond(405, SENTENCES[405], headers=(("Allow", ", ".join(handlers)),))


@directory
def service_provider_config(request: HttpRequest) -> HttpResponse:
    """What this service can do (RFC 7643, section 5)."""
    return by_method(request, {"GET": lambda: body(import_module("portal.scim.discovery").config())})


@directory
def resource_types(request: HttpRequest, key: str = "") -> HttpResponse:
    return by_method(request, {"GET": lambda: described(request, "resource_types", key)})


@directory
def schemas(request: HttpRequest, key: str = "") -> HttpResponse:
    return by_method(request, {"GET": lambda: described(request, "schemas", key)})


def described(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """All of a kind, or the one with that id. They can't be filtered (RFC 7644, section 4)."""
    discovery = import_module("portal.scim.discovery")
    if "filter" in request.GET:
        raise ScimError(403, "This endpoint can't be filtered.")
    found = getattr(discovery, name)()
    if key and key not in found:
        raise Http404
    return body(found[key] if key else discovery.all_of(found))


@directory
def not_supported(request: HttpRequest) -> HttpResponse:
    """Bulk, Me, and searches of several kinds of resource at once: optional parts of the RFC."""
    return respond(501, "This service doesn't support it.")


@directory
def unknown(request: HttpRequest, path: str) -> NoReturn:
    raise Http404
