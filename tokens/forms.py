import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tokens import dates

PRESETS = {30: "30 days", 60: "60 days", 90: "90 days", 365: "1 year"}


class ExpiryInput(forms.TextInput):
    """A plain box, since a browser's own date box shows and takes the day in the order of its country. Beside it presets and a calendar
    (static/js/expiry.js, calendar.js), once it knows its limits."""

    today: date | None = None
    longest = 0  # days

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, attrs, renderer)
        if not self.today:
            return box
        presets = {days: label for days, label in PRESETS.items() if days <= self.longest}
        context = {"box": box, "id": (attrs or {}).get("id", name), "presets": presets, "today": self.today, "longest": self.longest}
        return render_to_string("tokens/_expiry_input.html", context)


class ExpiryDateField(forms.DateField):
    """A day as YYYY-MM-DD."""

    widget = ExpiryInput

    def __init__(self) -> None:
        super().__init__(
            label="Expiry Date",
            required=False,
            help_text="Optional (YYYY-MM-DD). Leave blank for the maximum lifetime, up to one year.",
            widget=ExpiryInput(attrs={"placeholder": "YYYY-MM-DD", "autocomplete": "off", "inputmode": "numeric"}),
        )

    def limit(self, today: date, longest: int) -> None:
        """Shows that the last day is at most `longest` days after `today`. The rule itself is the service's."""
        self.widget.today, self.widget.longest = today, longest
        last = today + timedelta(days=longest)
        self.help_text = f"Optional (YYYY-MM-DD), on or before {last}. Leave blank for the maximum lifetime, up to one year."

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
    """Token Name and Expiry Date. `today` and `longest` (days) are what the service allows now."""

    expires = ExpiryDateField()

    def __init__(self, data: Any, today: date, longest: int) -> None:
        super().__init__(data)
        expires = self.fields["expires"]
        assert isinstance(expires, ExpiryDateField)
        expires.limit(today, longest)
