"""Config: every key that there is, with what holds for it."""

from typing import Any

from django.http import Http404, HttpResponse
from ninja import Router, Status

from portal.api.documented import TAGGED
from portal.api.errors import responses
from portal.api.pagination import Page
from portal.api.schemas import ConfigIn, ConfigOut, IfMatch, KeyName
from portal.core import permissions as access
from portal.core import versions
from portal.core.requests import AuthenticatedHttpRequest
from settings_app import services
from settings_app.models import Config
from settings_app.registry import KEYS, Key

router = Router(tags=["Config"])


class ConfigPage(Page[ConfigOut]):
    pass


def known(key: str) -> Key:
    if key not in KEYS:
        raise Http404
    return KEYS[key]


def tagged(response: HttpResponse, key: Key, stored: Config | None) -> dict[str, Any]:
    response["ETag"] = versions.etag(services.version(key.name, stored.value if stored else None))
    return ConfigOut.of(key, stored)


@router.get("", response=responses({200: ConfigPage}, 403))
@access.operator
def list_config(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """All keys, on one page."""
    stored = {config.key: config for config in Config.objects.all()}
    return {"items": [ConfigOut.of(key, stored.get(key.name)) for key in KEYS.values()], "next": None}


@router.get("/{key}", response=responses({200: ConfigOut}, 403, 404, 422), openapi_extra=TAGGED)
@access.operator
def get_config(request: AuthenticatedHttpRequest, response: HttpResponse, key: KeyName) -> dict[str, Any]:
    """A key that is not set has an `ETag` too: with it in `If-Match`, `PUT` sets the key only if it has not been set since."""
    return tagged(response, known(key), Config.objects.filter(key=key).first())


@router.put("/{key}", response=responses({200: ConfigOut}, 403, 404, 412, 415, 422), openapi_extra=TAGGED)
@access.administrator
def put_config(
    request: AuthenticatedHttpRequest, response: HttpResponse, key: KeyName, data: ConfigIn, if_match: IfMatch = None
) -> dict[str, Any]:
    """Sets a key or changes its value. Takes effect immediately in every process. With `If-Match`, only if nobody has changed it since."""
    read = versions.of_if_match(if_match)
    return tagged(response, known(key), services.put(key, data.value, access.actor_of(request), read))


@router.delete("/{key}", response=responses({204: None}, 403, 404, 412, 422))
@access.administrator
def delete_config(request: AuthenticatedHttpRequest, key: KeyName, if_match: IfMatch = None) -> Status[None]:
    """Resets a key to its default. 404 if it is not set. With `If-Match`, only if nobody has changed it since."""
    stored = Config.objects.filter(key=known(key).name).first()
    if stored is None or not services.delete(stored, access.actor_of(request), versions.of_if_match(if_match)):
        raise Http404
    return Status(204, None)
