"""What Config says about expiration, as one scan sees it."""

from dataclasses import dataclass
from typing import Any, Self

import settings_app.services as config
from portal.users.models import User

KEYS = ("token_expiration_days", "token_expiration_emails", "notify_token_owners")


@dataclass(frozen=True)
class Rules:
    """`thresholds`: days before expiration, tightest first. `owners`: are owners told of their own tokens?"""

    thresholds: tuple[int, ...]
    addresses: tuple[str, ...]
    owners: bool

    @classmethod
    def current(cls) -> Self:
        return cls.of(config.get_many(*KEYS))

    @classmethod
    def with_value(cls, key: str, text: str | None) -> Self:
        """As if Config's `key` had this value; None: its default. Raises ServiceError."""
        return cls.of(config.get_many(*KEYS) | {key: config.typed(key, text)})

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        days, addresses, owners = (values[key] for key in KEYS)
        return cls(tuple(sorted(days)), addresses, owners)

    @property
    def tells(self) -> bool:
        """Is there anybody to send mail to?"""
        return bool(self.thresholds) and (bool(self.addresses) or self.owners)

    def is_configured(self, address: str) -> bool:
        """Is this one of Config's addresses, whatever the case of its letters?"""
        return address.lower() in {each.lower() for each in self.addresses}

    def tells_address(self, address: str) -> bool:
        """Is anything sent to this address, as one of Config's or as an owner's?"""
        return self.is_configured(address) or (self.owners and User.objects.filter(is_active=True, email__iexact=address).exists())

    @property
    def nobody_is_named(self) -> bool:
        """Are owners the only ones that mail goes to?"""
        return bool(self.thresholds) and self.owners and not self.addresses
