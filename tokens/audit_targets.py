"""The pages of tokens and bulk revocations that the audit trail links."""

import uuid
from collections.abc import Collection
from typing import Any

from django.urls import reverse

from portal.audit import targets
from portal.core import permissions as access
from tokens.models import BulkRevocation, Token


def connect() -> None:
    """Called once, when the app is ready."""
    targets.register("token", "Token", ("created", "revoked"), tokens)
    targets.register("bulkrevocation", "Bulk revocation", ("created",), revocations)
    targets.register("devicelogin", "Device sign-in")


def tokens(ids: Collection[str], reader: Any) -> dict[str, str]:
    """Permanent tokens: temporary ones have no page."""
    rows = Token.objects.permanent().filter(pk__in=[uuid.UUID(each) for each in ids if is_uuid(each)], **access.readable(reader))
    return {str(pk): reverse("tokens:token", args=[pk]) for pk in rows.order_by().values_list("pk", flat=True)}


def revocations(ids: Collection[str], reader: Any) -> dict[str, str]:
    if not reader.is_administrator:
        return {}
    rows = BulkRevocation.objects.filter(pk__in=targets.numbers(ids)).values_list("pk", flat=True)
    return {str(pk): reverse("tokens:revocation", args=[pk]) for pk in rows.order_by()}


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
