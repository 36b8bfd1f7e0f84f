"""The scan against a model of its rules in plain Python: whatever happens in whatever order, both find the same faults and mails."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.clock import DAY, NOW
from tests.tokens.scans import OPS, SECURITY, configure, ending, open_faults, scan, told
from tokens.models import Token

THRESHOLDS = (30, 7, 3, 1)


@dataclass
class Model:
    """Days are counted from day 0; a token is its last day, or None once it is revoked."""

    tokens: dict[str, int | None]
    days: set[int] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    told: set[tuple[str, str, int]] = field(default_factory=set)
    today: int = 0

    def due(self) -> set[str]:
        most = max(self.days, default=-1)
        return {name for name, last in self.tokens.items() if last is not None and 0 <= last - self.today <= most}

    def mails(self) -> dict[str, set[str]]:
        result: dict[str, set[str]] = {}
        for address in self.addresses if self.days else ():
            for name in self.due():
                reached = min(days for days in self.days if self.tokens[name] - self.today <= days)
                if not any((name, address, days) in self.told for days in range(reached + 1)):
                    self.told.add((name, address, reached))
                    result.setdefault(address, set()).add(name)
        return result


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 12)),
    st.tuples(st.just("days"), st.sets(st.sampled_from(THRESHOLDS))),
    st.tuples(st.just("emails"), st.sets(st.sampled_from([OPS, SECURITY]))),
    st.tuples(st.just("revoke"), st.integers(0, 4)),
)


def take(model: Model, step: tuple[str, Any]) -> None:
    """The same step in the model and in the database."""
    verb, value = step
    if verb == "wait":
        model.today += value
    elif verb == "revoke":
        name = sorted(model.tokens)[value % len(model.tokens)]
        model.tokens[name] = None
        Token.objects.filter(name=name).update(revoked_at=NOW)
    else:
        setattr(model, "addresses" if verb == "emails" else "days", value)
        configure(";".join(map(str, model.days)), ";".join(sorted(model.addresses)))


@pytest.mark.django_db
@given(lasts=st.lists(st.integers(0, 40), min_size=1, max_size=5), steps=st.lists(STEPS, min_size=2, max_size=8))
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_scan_does_what_its_rules_say(lasts: list[int], steps: list[tuple[str, Any]]) -> None:
    with transaction.atomic():
        model = Model({f"token{number}": last for number, last in enumerate(lasts)}, {30, 7}, {OPS})
        configure("30;7", OPS)
        for name, last in model.tokens.items():
            ending(last, name=name)
        for step in [("wait", 0), *steps]:
            take(model, step)
            now: datetime = NOW + model.today * DAY
            run = scan(now)
            assert told(run) == model.mails()
            assert open_faults() == model.due()
            assert run.due == len(model.due())
        transaction.set_rollback(True)
