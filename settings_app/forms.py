from typing import Any

from django import forms

from settings_app.registry import KEYS, TYPES
from settings_app.services import version

OLDER_NAMES = "Names in older documents"
KEY_CHOICES = [
    ("", "Select"),
    *((key.name, key.label) for key in KEYS.values()),
    (OLDER_NAMES, [(key.name, alias) for key in KEYS.values() for alias in key.aliases]),
]


class KeySelect(forms.Select):
    """Each option says its type, so that the list of keys can follow the chosen Config Type, and what the key has now, which
    static/js/config-form.js puts into the form when the key is chosen."""

    stored: dict[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in KEYS:
            option["attrs"] |= {"data-type": KEYS[value].type, "data-lines": 4 if KEYS[value].lines else 1}
        if value in self.stored:
            option["attrs"] |= {"data-value": self.stored[value], "data-version": version(value, self.stored[value])}
        return option


class ConfigForm(forms.Form):
    """Pane *Add Config*, which also updates: a key that is set is loaded. The rules are the service's.

    `version`: of what the key had when the form was filled; "" where it was not set."""

    type = forms.ChoiceField(
        label="Config Type",
        choices=[("", "Select"), *((name, name) for name in TYPES)],
        widget=forms.Select(attrs={"data-filters": "id_key"}),
        error_messages={"required": "Choose App Config or Flags."},
    )
    key = forms.ChoiceField(label="Key", choices=KEY_CHOICES, widget=KeySelect, error_messages={"required": "Choose a key."})
    value = forms.CharField(label="Value", required=False, widget=forms.Textarea(attrs={"autocomplete": "off", "rows": 1}))
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, stored: dict[str, str] | None = None, **kwargs: Any) -> None:
        """`stored`: the keys that are set, with their values."""
        super().__init__(*args, **kwargs)
        self.fields["key"].widget.stored = stored or {}

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        key = KEYS.get(data.get("key", ""))
        if key and data.get("type") and key.type != data["type"]:
            self.add_error("key", f"{key.label} is of the type {key.type}.")
        return data


class UpdateConfigForm(ConfigForm):
    """Pane *Update Config*: type and key are given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].disabled = self.fields["key"].disabled = True
