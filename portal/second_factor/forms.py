import json
from typing import Any

from django import forms
from django.http import QueryDict

from portal.second_factor.services import NAME_MAX

MOST_CHARACTERS = 20_000  # of a browser's response; an attestation with certificates has a few thousand


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": "Enter the code."},
    )


class NameForm(forms.Form):
    """What a passkey is called. The rules are the service's."""

    name = forms.CharField(
        label="Name",
        required=False,
        help_text="So that you can tell your passkeys apart, such as “Work laptop”.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": NAME_MAX}),
    )


def credential_of(data: QueryDict) -> Any:
    """The browser's response to a passkey's question, as static/js/passkey.js puts it into the form; None for anything else."""
    text = data.get("credential", "")
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
