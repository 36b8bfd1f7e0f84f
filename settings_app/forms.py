from typing import Any

from django import forms

from settings_app.registry import KEYS, TYPES
from settings_app.services import ConfigError


class KeySelect(forms.Select):
    """Each option says its type, so that the list of keys can follow the chosen Config Type."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in KEYS:
            option["attrs"]["data-type"] = KEYS[value].type
        return option


class ConfigForm(forms.Form):
    """Pane *Add Config*. The rules are the service's; its errors come back by `refuse`."""

    type = forms.ChoiceField(
        label="Config Type",
        choices=[("", "Select"), *((name, name) for name in TYPES)],
        widget=forms.Select(attrs={"data-filters": "id_key"}),
        error_messages={"required": "Choose App Config or Flags."},
    )
    key = forms.ChoiceField(
        label="Key",
        choices=[("", "Select"), *((key.name, key.label) for key in KEYS.values())],
        widget=KeySelect,
        error_messages={"required": "Choose a key."},
    )
    value = forms.CharField(label="Value", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        key = KEYS.get(data.get("key", ""))
        if key and data.get("type") and key.type != data["type"]:
            self.add_error("key", f"{key.label} is of the type {key.type}.")
        return data

    def refuse(self, error: ConfigError) -> None:
        self.add_error(error.field, str(error))


class UpdateConfigForm(ConfigForm):
    """Pane *Update Config*: type and key are given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].disabled = self.fields["key"].disabled = True
