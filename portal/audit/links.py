"""Addresses of the audit trail's page."""

from urllib.parse import urlencode

from django.urls import reverse


def address_of(**filters: object) -> str:
    """The list with these filters (`EntryFilter`): `address_of(target_kind="token", target_id=token.pk)`."""
    return f"{reverse('audit:list')}?{urlencode(filters)}" if filters else reverse("audit:list")
