"""Tokens of directories whose text a former administrator may have kept.

Anyone who has the text can create a person and put them into a group that gives a role. An administrator's token that somebody else created
stops writing with that person's access (tokens/credentials.py); a directory's goes on, since without it nobody who leaves the company would
be deactivated any more, and a fault asks for a new one.
"""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from portal.faults import services as faults
from portal.faults.models import Fault
from tokens.credentials import created_by_others
from tokens.models import Token

SOURCE = "scim-token-creator"


def check(now: datetime) -> None:
    """Raises a fault for each such token, and clears those of tokens that have ended or whose creators are administrators again."""
    found = list(known_to_former_administrators(now))
    faults.raise_faults(found)
    faults.clear_faults(Fault.objects.filter(source=SOURCE).exclude(key__in=[fault.key for fault in found]), now)


def known_to_former_administrators(now: datetime) -> Iterator[Fault]:
    """The faults, not stored yet. Directories are few, and so are their tokens."""
    active = Token.objects.filter(user__may_provision=True, user__is_active=True, revoked_at=None, expires_at__gt=now)
    for token in active.select_related("user", "created_by"):
        former = [user.username for user in created_by_others(token) if user and not user.can_administrate]
        if former:
            page = reverse("tokens:token", args=[token.pk])
            yield Fault(
                source=SOURCE,
                key=str(token.pk),
                name="Replace a directory's token",
                resource=f"{token.name} of {token.user.username}",
                description=f"{', '.join(former)}, who created this token and may have kept it, is no active administrator any more. It "
                "can create people and give roles by groups. Create another one, enter it in the directory, then revoke this one.",
                severity=Fault.Severity.CRITICAL,
                raised_at=now,
                links=[{"label": "Token", "url": page, "admin_url": page}],
            )
