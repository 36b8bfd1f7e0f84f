import uuid
from datetime import date
from typing import Any

from django import forms

from tokens import dates


class ExpiryDateField(forms.DateField):
    """A day as YYYY-MM-DD. The box is a plain one: a browser's own date box shows and takes the day in the order of its country."""

    def __init__(self) -> None:
        super().__init__(
            label="Expiry Date",
            required=False,
            help_text="Optional (YYYY-MM-DD). Leave blank for the maximum lifetime, up to one year.",
            widget=forms.TextInput(attrs={"placeholder": "YYYY-MM-DD", "autocomplete": "off", "inputmode": "numeric"}),
        )

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            return dates.read_day(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class TokenForm(forms.Form):
    """Token Name alone: the Profile's *Add User Token*. The rules are the service's."""

    name = forms.CharField(
        label="Token Name",
        strip=False,
        widget=forms.TextInput(attrs={"placeholder": "e.g. CI/CD Pipeline", "autocomplete": "off"}),
        error_messages={"required": "Enter a name that says what the token is for."},
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)


class DatedTokenForm(TokenForm):
    expires = ExpiryDateField()
