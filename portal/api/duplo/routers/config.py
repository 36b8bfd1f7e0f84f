"""Config, as `duplocloud_admin_system_setting` of the Terraform provider reads and writes it: the keys that are set."""

from django.http import Http404
from ninja import Router, Schema

from portal.api.routers.config import known
from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.requests import AuthenticatedHttpRequest
from settings_app import services
from settings_app.models import Config
from settings_app.registry import KEYS

router = Router()
PATH = "/v3/admin/systemSettings/config"


class Setting(Schema):
    Type: str
    Key: str
    Value: str


def type_of(key: str) -> str:
    """`AppConfig` or `Flags`."""
    return KEYS[key].type.replace(" ", "")


def shape(stored: Config) -> dict[str, str]:
    return {"Type": type_of(stored.key), "Key": stored.key, "Value": stored.value}


def settings_of() -> list[dict[str, str]]:
    return [shape(stored) for stored in Config.objects.filter(key__in=KEYS)]


@router.get(PATH)
@access.operator
def list_settings(request: AuthenticatedHttpRequest) -> list[dict[str, str]]:
    return settings_of()


@router.post(PATH)
@access.administrator
def put_setting(request: AuthenticatedHttpRequest, data: Setting) -> dict[str, str]:
    """Sets a key or changes its value."""
    if data.Key in KEYS and data.Type != type_of(data.Key):
        raise ServiceError(f"The Type of {data.Key} is {type_of(data.Key)}.", "Type")
    return shape(services.put(data.Key, data.Value, access.actor_of(request)))


@router.delete(f"{PATH}/{{key}}")
@access.administrator
def delete_setting(request: AuthenticatedHttpRequest, key: str) -> None:
    """Resets a key to its default. 404 if it is not set."""
    stored = Config.objects.filter(key=known(key).name).first()
    if stored is None or not services.delete(stored, access.actor_of(request)):
        raise Http404
