"""A crowd for the demo: users and tokens by the ten thousands, as rows. `manage.py seed_demo --users N --tokens N`.

No text of these tokens exists: each digest is 32 random bytes. Numbers come from a fixed seed, so that two portals that are
filled alike look alike; only digests and session stamps are random.
"""

import os
import random
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from itertools import islice

from django.contrib.auth.hashers import make_password
from django.db import models

from portal.users.models import User
from tokens import token_format
from tokens.models import Token

BATCH = 10_000
FIRST = ["Amina", "Ben", "Carlos", "Dana", "Emil", "Fatima", "Goran", "Hana", "Igor", "Julia", "Kofi", "Lena", "Marco", "Nadia"]
LAST = ["Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ito", "Khan", "Lopez", "Mensah", "Novak", "Rossi"]
JOBS = ["deploy", "backup", "export", "import", "metrics", "report", "sync", "release", "audit", "search"]
LIVES = (30, 90, 180, 365, 365, 365)  # days


def fill_users(wanted: int, now: datetime) -> int:
    """Adds people and service accounts until there are `wanted` users. Returns how many it added."""
    return insert(User, (user(number, now) for number in range(User.objects.count(), wanted)))


def fill_tokens(wanted: int, now: datetime) -> int:
    """Adds tokens of the active users until there are `wanted` permanent ones. Returns how many it added."""
    owners = list(User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    first = Token.objects.permanent().count()
    chance = random.Random(first)  # noqa: S311 (numbers to look at, no secrets)
    return insert(Token, (token(number, chance, owners, now) for number in range(first, wanted)))


def insert(model: type[models.Model], rows: Iterable[models.Model]) -> int:
    """Each batch is its own transaction: neither memory nor the time for which others wait grows with the number of rows."""
    added, rows = 0, iter(rows)
    while batch := list(islice(rows, BATCH)):
        model._default_manager.bulk_create(batch)
        added += len(batch)
    return added


@cache
def password() -> str:
    """The hash of a password that nobody knows: without one, people would be shown as invited."""
    return make_password(secrets.token_urlsafe())


def user(number: int, now: datetime) -> User:
    """Every fourth is a service account, every fiftieth is deactivated."""
    first, last, job = FIRST[number % len(FIRST)], LAST[number % len(LAST)], JOBS[number // 4 % len(JOBS)]
    hashed = password() if number % 4 else make_password(None)
    row = User(
        password=hashed,
        is_active=number % 50 != 0,
        created_at=now - timedelta(days=500, minutes=-number),
    )
    if number % 4 == 0:
        row.username, row.display_name, row.kind = f"{job}-{number:06}", f"{job.title()} {number}", User.Kind.SERVICE
    else:
        row.username = row.email = f"{first}.{last}.{number:06}@example.com".lower()
        row.display_name = f"{first} {last}"
    return row


def token(number: int, chance: random.Random, owners: list[int], now: datetime) -> Token:
    """Issued in the last 400 days; 7 of 100 revoked, 15 of 100 never used."""
    created = now - timedelta(days=chance.uniform(0, 400))
    expires = created + timedelta(days=chance.choice(LIVES))
    lived_until = min(now, expires)
    row = Token(user_id=chance.choice(owners), name=f"{chance.choice(JOBS)}-{number:07}", created_at=created, expires_at=expires)
    row.digest, row.last_four = os.urandom(32), "".join(chance.choices(token_format.ALPHABET, k=4))
    if chance.random() < 0.07:
        lived_until = row.revoked_at = created + (lived_until - created) * chance.random()
    if chance.random() < 0.85:
        row.last_used_at = created + (lived_until - created) * chance.random()
    return row
