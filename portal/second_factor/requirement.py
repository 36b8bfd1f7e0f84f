"""Who must have a second factor: Config's *Require two-factor for*, and the grace period of each user."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import settings_app.services as config
from portal.second_factor.factors import has_factor
from portal.second_factor.models import Requirement
from portal.users.models import User

FOR, GRACE = "require_second_factor", "second_factor_grace_days"
NOBODY, ADMINISTRATORS, EVERYBODY = "nobody", "administrators", "everybody"


@dataclass(frozen=True)
class Due:
    """A second factor is to be set up until `until`."""

    until: datetime
    overdue: bool


def met_by(user: User, required_for: str) -> bool:
    return required_for == EVERYBODY or (required_for == ADMINISTRATORS and user.is_administrator)


def applies_to(user: User) -> bool:
    return met_by(user, config.get(FOR))


def due(user: User, now: datetime) -> Due | None:
    """None if `user` needs no second factor, or has one. The first call for a user starts the grace period. One query while nothing is
    required."""
    values = config.get_many(FOR, GRACE)
    if not met_by(user, values[FOR]) or has_factor(user):
        return None
    until = since(user, now) + timedelta(days=values[GRACE])
    return Due(until, now >= until)


def since(user: User, now: datetime) -> datetime:
    """When the requirement first met the user."""
    found = Requirement.objects.filter(user=user).values_list("since", flat=True).first()
    if found is None:
        Requirement.objects.bulk_create([Requirement(user=user, since=now)], ignore_conflicts=True)
        found = Requirement.objects.values_list("since", flat=True).get(user=user)
    return found
