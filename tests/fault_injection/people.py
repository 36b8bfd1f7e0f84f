"""What people do meanwhile: they add tokens, revoke them, put them off and back, clear faults, change Config and ask for scans.

Every token stands well within its band of days, so that a midnight during the test changes nothing.
"""

import random
import time
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

import settings_app.services as config
from portal.core.tasks import queue_task
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User
from tokens import dates, services, tasks, token_format
from tokens.models import ScanRun, Token

ADDRESSES = ("ops@example.com", "security@example.com", "audit@example.com")
LADDER = (5, 10, 20, 30)
BANDS = ((2, 4), (7, 9), (12, 19), (22, 29))
FAR = (60, 300)
OWNERS = 20


class People:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.made = 0
        self.revoked: dict[str, float] = {}  # name -> when, at the latest
        # Every second owner can be written to.
        self.owners = User.objects.bulk_create(
            User(username=f"owner-{n}", email=f"owner-{n}@example.com" if n % 2 else "", kind=User.Kind.SERVICE) for n in range(OWNERS)
        )

    def add(self, count: int) -> None:
        """Nine of ten are due as soon as Config has all days."""
        Token.objects.bulk_create(self.token() for _ in range(count))

    def token(self) -> Token:
        self.made += 1
        text = token_format.generate()
        token = Token(
            user=self.chance.choice(self.owners), name=f"injected-{self.made:06}", expires_at=self.ends(self.chance.random() < 0.9)
        )
        token.digest, token.last_four = token_format.digest(text), token_format.hint(text)
        return token

    def ends(self, soon: bool) -> datetime:
        days = self.chance.randint(*(self.chance.choice(BANDS) if soon else FAR))
        return dates.end_of(dates.day_of(timezone.now()) + timedelta(days=days))

    def act(self) -> None:
        """Some of what people do, at random."""
        for action, share in ((self.revoke, 0.6), (self.put_off, 0.5), (self.put_back, 0.3), (self.clear, 0.4), (self.configure, 0.6)):
            if self.chance.random() < share:
                action()
        for _ in range(self.chance.randint(0, 3)):
            queue_task(tasks.scan_tokens, triggered_by=ScanRun.Trigger.PERSON)

    def some(self, condition: Q, most: int) -> list[Token]:
        keys = list(Token.objects.permanent().active(timezone.now()).filter(condition).order_by("name").values_list("pk", flat=True))
        return list(Token.objects.filter(pk__in=self.chance.sample(keys, min(most, len(keys)))))

    def revoke(self) -> None:
        for token in self.some(Q(), 5):
            services.revoke(token, None, timezone.now())
            self.revoked[token.name] = time.time()

    def put_off(self) -> None:
        """No page does so yet; the engine's rules know it."""
        for token in self.some(Q(expires_at__lt=timezone.now() + timedelta(days=50)), 10):
            Token.objects.filter(pk=token.pk).update(expires_at=token.expires_at + timedelta(days=400))

    def put_back(self) -> None:
        for token in self.some(Q(expires_at__gt=timezone.now() + timedelta(days=350)), 10):
            Token.objects.filter(pk=token.pk).update(expires_at=token.expires_at - timedelta(days=400))

    def clear(self) -> None:
        """An operator clears a fault whose cause is still there."""
        for fault in Fault.objects.open().filter(source="token-expiry")[:5]:
            faults.clear(fault, None, timezone.now())

    def configure(self) -> None:
        """Only the larger days come and go, so that a token's own band stays, and with it the one time that it is told of."""
        self.set(
            LADDER[: self.chance.randint(1, len(LADDER))],
            self.chance.sample(ADDRESSES, self.chance.randint(1, len(ADDRESSES))),
            self.chance.random() < 0.7,
        )

    def set(self, days: tuple[int, ...], addresses: list[str], owners: bool) -> None:
        config.put("token_expiration_days", ";".join(map(str, days)), None)
        config.put("token_expiration_emails", ";".join(addresses), None)
        config.put("notify_token_owners", str(owners).lower(), None)

    def settle(self) -> None:
        """The last change: all days, all addresses, and something new for everybody, so that every address gets a mail once more."""
        self.set(LADDER, list(ADDRESSES), True)
        self.made += 1
        for owner in self.owners:
            token = self.token()
            token.user, token.expires_at = owner, self.ends(soon=True)
            token.save(force_insert=True)
