"""Days as people type them in forms and filters. A day is a day of the portal's time zone (`TIME_ZONE`)."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.utils import timezone

DAY = timedelta(days=1)


def read_day(text: str) -> date:
    """A day as YYYY-MM-DD. Raises ValueError, with a message for the person who typed it."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  # the day is all that is taken
    except ValueError:
        raise ValueError(f"'{text[:40]}' is not a date. Write it as YYYY-MM-DD.") from None


def start_of(day: date) -> datetime:
    """Midnight at which `day` begins. Where a clock change skips midnight it is the change; where one repeats it, the first."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


class DayField(forms.Field):
    """A day as YYYY-MM-DD, in a plain box as in the forms, between 2000 and 2199: other years have no instant in some zones."""

    widget = forms.TextInput(attrs={"placeholder": "YYYY-MM-DD", "autocomplete": "off", "inputmode": "numeric", "maxlength": 10})
    first, last = date(2000, 1, 1), date(2199, 12, 31)

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            day = read_day(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        if not self.first <= day <= self.last:
            raise forms.ValidationError(f"'{day}' is not between {self.first} and {self.last}.")
        return day


class DayFilter(django_filters.Filter):
    field_class = DayField
