"""The pages of settings that the audit trail links."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from portal.audit import targets
from settings_app.models import Config


def connect() -> None:
    """Called once, when the app is ready."""
    targets.register("setting", "Setting", ("created", "changed", "deleted"), addresses)


def addresses(ids: Collection[str], reader: Any) -> dict[str, str]:
    """Those that are set, for administrators."""
    if not reader.is_administrator:
        return {}
    keys = Config.objects.filter(key__in=ids).values_list("key", flat=True)
    return {key: f"{reverse('settings:config')}?q={key}" for key in keys}
