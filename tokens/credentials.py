"""A token as that by which a request acts (portal/actors.py)."""

import uuid
from dataclasses import dataclass

from django.utils import timezone

from portal.users.models import User
from tokens import lookup
from tokens.models import Token
from tokens.verify import refusal


@dataclass(frozen=True)
class TokenCredential:
    token_id: uuid.UUID

    def is_valid(self, owner: User) -> bool:
        """By the rules of `/verify`, as of now: the caller may have waited for a lock."""
        token = Token.objects.filter(pk=self.token_id, user=owner).select_related("user").first()
        return token is not None and refusal(lookup.Stored.of(token), timezone.now()) is None

    def trace(self) -> dict[str, str]:
        return {"token": str(self.token_id)}
