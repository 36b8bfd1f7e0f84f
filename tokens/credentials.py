"""A token as that by which a request acts (portal/core/actors.py)."""

import uuid
from dataclasses import dataclass

from django.utils import timezone

from portal.users.models import User
from tokens.models import Token
from tokens.verification import lookup
from tokens.verification.verify import rejection_reason

COMMAND_LINE = "the command line"


@dataclass(frozen=True)
class TokenCredential:
    token_id: uuid.UUID

    def is_valid(self, owner: User) -> bool:
        """By the rules of `/verify`, as of now: the caller may have waited for a lock. An administrator's token that somebody else created
        writes only while that person is an active administrator too: they may have kept its text, and could undo their own end with it."""
        token = Token.objects.filter(pk=self.token_id, user=owner).select_related("user").first()
        if token is None or rejection_reason(lookup.Stored.of(token), timezone.now()):
            return False
        return not owner.is_administrator or all(other.can_administrate for other in created_by_others(token) if other)

    def trace(self) -> dict[str, str]:
        """Who created the token is named if that was not only its owner: they have seen its text, and could act as the owner."""
        token = Token.objects.filter(pk=self.token_id).select_related("user", "created_by").first()
        if token is None:
            return {"token": str(self.token_id)}
        trace = {"token": str(token.pk), "token_name": token.name, "token_hint": token.hint, "token_owner": token.user.username}
        others = names(created_by_others(token))
        return trace | ({"token_created_by": ", ".join(others)} if others else {})


def created_by_others(token: Token) -> list[User | None]:
    """All but the owner who created `token`, or a token that created it: its creator first. None: the command line."""
    found: list[User | None] = []
    link: Token | None = token
    while link:
        if link.created_by_id != link.user_id:
            found.append(link.created_by)
        link = link.created_with
    return list(dict.fromkeys(found))


def names(creators: list[User | None]) -> list[str]:
    return [user.username if user else COMMAND_LINE for user in creators]
