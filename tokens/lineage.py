"""Which permanent token created which. A token that was created with another ends no later than that one, and ends with it.

`Token.created_with` never changes, and what adds to the tree holds the locks of the owners of all ancestors (`owners`). So what
holds the lock of a token's owner sees all tokens that were created with it, however far down.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from portal.core.actors import Actor
from tokens.credentials import TokenCredential
from tokens.models import Token


def presented(actor: Actor | None) -> Token | None:
    """The permanent token by which `actor` acts. None for a session and its temporary token: what those create is the person's own."""
    if actor and isinstance(actor.credential, TokenCredential):
        return Token.objects.permanent().filter(pk=actor.credential.token_id).first()
    return None


def owners(token: Token | None) -> Q:
    """The users whose rows must be locked before `token` may create another one: its owner, and those of all its ancestors."""
    found = set()
    while token:
        found.add(token.user_id)
        token = token.created_with
    return Q(pk__in=found)


def descendants(tokens: Iterable[uuid.UUID], now: datetime) -> list[Token]:
    """The active tokens that were created with `tokens`, and with those, and so on. Below an ended one there is no active one."""
    known, level = set(tokens), set(tokens)
    found: list[Token] = []
    while level:
        children = list(Token.objects.active(now).filter(created_with__in=level).select_related("user").order_by("pk"))
        level = {child.pk for child in children} - known
        found += [child for child in children if child.pk in level]
        known |= level
    return found
