"""The scan against a model of its rules in plain Python: whatever happens in whatever order, both find the same faults, notices and
mails. The model knows no database, so that SQLite and PostgreSQL, which each are compared with it, do the same."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.clock import DAY, NOW, TODAY
from tests.tokens.scan_model import Item, Model, Owner
from tests.tokens.scan_steps import ADDRESSES, DAYS, EMAILS, OFFSETS, ZONES, Step, pick, store, take
from tokens.expiry import scan as expiry

RULES = ("zone", "days", "addresses", "tell_owners")
EVENTS = ("wait", "revoke", "extend", "use", "replace", "activate", "email")
USED = (None, -1, -29, -31, -100)  # days, as seen from a token's end
REFUSED = (None, None, 0, 1, 6)


def end(zone: str, days: int, offset: int) -> datetime:
    """The portal's midnight after the day in `days` days, or a little past it."""
    last = datetime.combine(TODAY + (days + 1) * DAY, datetime.min.time(), ZoneInfo(zone))
    return last.astimezone(NOW.tzinfo) + timedelta(microseconds=pick(OFFSETS, offset))


def token(number: int, owners: list[Owner], zone: str, draw: random.Random) -> Item:
    made = Item(f"t{number:03}", draw.choice(owners), end(zone, draw.randint(-10, 40), draw.randint(0, 4)))
    made.permanent, made.revoked = draw.random() < 0.9, draw.random() < 0.1
    made.replaced = made.ends <= NOW and draw.random() < 0.2
    used, refused = draw.choice(USED), draw.choice(REFUSED)
    made.used = None if used is None else min(made.ends + used * DAY, NOW)
    made.refused = made.ends + refused * DAY if refused is not None and made.ends + refused * DAY <= NOW else None
    return made


def beginning(tokens: int, owners: int, draw: random.Random) -> Model:
    zone = draw.choice(ZONES)
    people = [Owner(f"owner{number}", draw.choice(EMAILS), draw.random() < 0.9) for number in range(owners)]
    model = Model(people, [token(number, people, zone, draw) for number in range(tokens)], NOW, zone)
    model.days, model.addresses, model.tell_owners = draw.choice(DAYS[:4]), draw.choice(ADDRESSES), draw.random() < 0.6
    return model


SCAN: Step = ("scan", 0, 0)
CHANGES = st.tuples(st.sampled_from(EVENTS * 2 + RULES), st.integers(0, 30), st.integers(0, 59))
DELIVERIES = st.tuples(st.just("deliver"), st.integers(0, 3), st.just(0))
STEPS = st.lists(st.one_of(CHANGES, st.just(SCAN), DELIVERIES), min_size=4, max_size=12)


@pytest.mark.django_db
@given(seed=st.integers(0, 2**32), tokens=st.integers(1, 8), owners=st.integers(1, 4), steps=STEPS)
@examples(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_scan_does_what_its_rules_say(seed: int, tokens: int, owners: int, steps: list[Step]) -> None:
    with transaction.atomic():
        model = beginning(tokens, owners, random.Random(seed))
        store(model)
        for step in [SCAN, *steps, SCAN, ("deliver", 0, 0)]:
            take(model, step)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_it_does_so_with_three_hundred_tokens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "BATCH", 7)
    draw = random.Random(20261121)
    model = beginning(300, 40, draw)
    model.days, model.addresses, model.tell_owners = (30, 7, 1), ADDRESSES[2], True
    store(model)
    for round_of_scan in range(6):
        for verbs in (RULES, EVENTS, EVENTS, EVENTS):
            take(model, SCAN)
            for _ in range(3):
                take(model, (draw.choice(verbs), draw.randint(0, 300), draw.randint(0, 59)))
        take(model, ("deliver", round_of_scan + 1, 0))
    assert {mail.state for mail in model.mails} >= {"sent", "failed"}
    assert {source for source, _about in model.faults} >= {"token-expiry", "token-expired-in-use"}
