"""The pages of faults that the audit trail links."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from portal.audit import targets
from portal.faults.models import Fault


def connect() -> None:
    """Called once, when the app is ready."""
    targets.register("fault", "Fault", ("acknowledged", "reopened", "cleared", "note_added"), addresses)


def addresses(ids: Collection[str], reader: Any) -> dict[str, str]:
    rows = Fault.objects.filter(pk__in=targets.numbers(ids)).values_list("pk", flat=True)
    return {str(pk): reverse("faults:fault", args=[pk]) for pk in rows}
