"""Config: every key that there is, with what holds for it."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Status

from portal import access
from portal.api.errors import answers
from portal.api.paging import Page
from portal.api.schemas import ConfigIn, ConfigOut, KeyName
from settings_app import services
from settings_app.models import Config
from settings_app.registry import KEYS, Key

router = Router(tags=["Config"])


def known(key: str) -> Key:
    if key not in KEYS:
        raise Http404
    return KEYS[key]


@router.get("", response=answers({200: Page[ConfigOut]}, 403))
@access.operator
def list_config(request: HttpRequest) -> dict[str, Any]:
    """All keys, on one page."""
    stored = {config.key: config for config in Config.objects.all()}
    return {"items": [ConfigOut.of(key, stored.get(key.name)) for key in KEYS.values()], "next": None}


@router.get("/{key}", response=answers({200: ConfigOut}, 403, 404, 422))
@access.operator
def get_config(request: HttpRequest, key: KeyName) -> dict[str, Any]:
    return ConfigOut.of(known(key), Config.objects.filter(key=key).first())


@router.put("/{key}", response=answers({200: ConfigOut}, 403, 404, 415, 422))
@access.administrator
def put_config(request: HttpRequest, key: KeyName, data: ConfigIn) -> dict[str, Any]:
    """Sets a key, whether it is set or not. It holds at once, in every process."""
    return ConfigOut.of(known(key), services.put(key, data.value, access.actor_of(request)))


@router.delete("/{key}", response=answers({204: None}, 403, 404, 422))
@access.administrator
def delete_config(request: HttpRequest, key: KeyName) -> Status[None]:
    """Puts a key back to its default. 404 when it is not set."""
    stored = Config.objects.filter(key=known(key).name).first()
    if stored is None or not services.delete(stored, access.actor_of(request)):
        raise Http404
    return Status(204, None)
