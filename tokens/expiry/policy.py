"""What Config says about expiry notifications, as one scan reads it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import settings_app.services as config
from portal.users.models import User
from tokens import dates

KEYS = ("token_expiration_days", "token_expiration_emails", "notify_token_owners")


@dataclass(frozen=True)
class Policy:
    """`thresholds`: days before expiry, the smallest first. `addresses`: who is notified of every token. `owners`: is each token's owner
    notified too?"""

    thresholds: tuple[int, ...]
    addresses: tuple[str, ...]
    owners: bool

    @classmethod
    def current(cls) -> Self:
        return cls.of(config.get_many(*KEYS))

    @classmethod
    def with_value(cls, key: str, text: str | None) -> Self:
        """The policy if Config's `key` had this value; None: its default. Raises ServiceError."""
        return cls.of(config.get_many(*KEYS) | {key: config.typed(key, text)})

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        days, addresses, owners = (values[key] for key in KEYS)
        return cls(tuple(sorted(days)), addresses, owners)

    def limits(self, now: datetime) -> dict[int, datetime]:
        """For each threshold, the instant at or before which a token expires that has reached it."""
        return {days: dates.due_before(days, now) for days in self.thresholds}

    def is_configured(self, address: str) -> bool:
        """Is this one of Config's addresses, in upper or lower case?"""
        return address.lower() in {each.lower() for each in self.addresses}

    def notifies(self, address: str) -> bool:
        """Is anything sent to this address, as one of Config's or as an owner's?"""
        return self.is_configured(address) or (self.owners and User.objects.filter(is_active=True, email__iexact=address).exists())

    @property
    def notifies_owners_only(self) -> bool:
        return bool(self.thresholds) and self.owners and not self.addresses
