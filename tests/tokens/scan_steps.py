"""What can happen between two scans, done to the model (scan_model.py) and to the database alike, and what both then hold."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings

from portal.faults.models import Fault
from portal.notifications import delivery
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import TokenFactory, UserFactory
from tests.notifications.rejecting import RejectingServer
from tests.tokens.scan_model import Item, Model, Owner
from tests.tokens.scans import OPS, SECURITY, configure, deliver, scan
from tokens.models import Notice, Token

ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Auckland")
HOURS = (0, 1, 13, 24, 24, 48, 24 * 8, 24 * 23)
DAYS = ((30, 7, 1), (30, 7), (15,), (7,), (1,), (365, 30), ())
ADDRESSES = ((OPS,), (OPS, SECURITY), ("ANA@Example.com", OPS), ("ana@example.com",), ())
EMAILS = ("ana@example.com", "Ana@example.com", OPS, "", "bo@example.com", "")
REFUSED = (set(), {OPS}, {"ana@example.com", "Ana@example.com", SECURITY}, {OPS, SECURITY, *ADDRESSES[2], *EMAILS})
OFFSETS = (0, 0, 1, 60_000_000, 3_600_000_000)  # microseconds by which an end misses the portal's midnight
Step = tuple[str, int, int]


def store(model: Model) -> None:
    owners = {owner.name: UserFactory(username=owner.name, email=owner.email, is_active=owner.active) for owner in model.owners}
    for token in model.tokens:
        kind = Token.Kind.PERMANENT if token.permanent else Token.Kind.TEMPORARY
        revoked = NOW - DAY if token.revoked else None
        values = {"user": owners[token.owner.name], "holds_name": not token.replaced, "last_used_at": token.used}
        values |= {"name": token.name, "created_at": NOW - 900 * DAY, "refused_at": token.refused}
        TokenFactory(kind=kind, expires_at=token.ends, revoked_at=revoked, **values)
    set_config(model)


def set_config(model: Model) -> None:
    configure(";".join(map(str, model.days)), ";".join(model.addresses), model.tell_owners)


def change_token(token: Item, **values: object) -> None:
    for name, value in values.items():
        setattr(token, name, value)
    Token.objects.filter(name=token.name).update(
        expires_at=token.ends,
        revoked_at=NOW if token.revoked else None,
        holds_name=not token.replaced,
        last_used_at=token.used,
        refused_at=token.refused,
    )


def change_owner(owner: Owner, **values: object) -> None:
    for name, value in values.items():
        setattr(owner, name, value)
    User.objects.filter(username=owner.name).update(email=owner.email, is_active=owner.active)


def pick(values: Sequence[Any], number: int) -> Any:
    return values[number % len(values)]


def take(model: Model, step: Step) -> None:
    """One step in both; a scan or a delivery must do the same in both."""
    verb, one, two = step
    token, owner = pick(model.tokens, one), pick(model.owners, one)
    match verb:
        case "wait":
            model.now += timedelta(hours=pick(HOURS, one), minutes=two)
        case "zone":
            model.zone = pick(ZONES, one)
        case "days" | "addresses" | "tell_owners":
            setattr(model, verb, pick({"days": DAYS, "addresses": ADDRESSES, "tell_owners": (True, False)}[verb], one))
            set_config(model)
        case "revoke":
            change_token(token, revoked=True)
        case "extend":
            change_token(token, ends=model.now + (two % 40 + 1) * DAY)
        case "use":
            change_token(token, **{"used" if token.ends > model.now else "refused": model.now})
        case "replace" if token.ends <= model.now:
            change_token(token, replaced=True)
        case "activate":
            change_owner(owner, active=not owner.active)
        case "email":
            change_owner(owner, email=pick(EMAILS, two))
        case "scan" | "deliver":
            with override_settings(TIME_ZONE=model.zone), time_machine.travel(model.now, tick=False):
                look(model) if verb == "scan" else send(model, pick(REFUSED, one))
            agree(model)


def look(model: Model) -> None:
    expected = model.scan()
    run = scan(model.now)
    assert (run.due, run.raised, run.cleared, run.queued) == expected
    assert run.error == ""


def send(model: Model, refused: set[str]) -> None:
    """Those that refuse a mail refuse it for the last time."""
    expected = model.deliver(refused)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "PAUSES", [])  # each attempt is the last one
        RejectingServer(patch).addresses = refused
        mails = deliver(model.now)
    found = []
    for mail in mails:
        more = re.search(r"^and (\d+) more: ", mail.text, re.MULTILINE)
        found.append((mail.to, re.findall(r"^(t\d+) \(tpp_…", mail.text, re.MULTILINE), int(more[1]) if more else 0))
    assert sorted(found) == sorted(expected)


def agree(model: Model) -> None:
    """The open faults, and who was told of what by a mail in which state."""
    about = {token.pk.hex: token.name for token in Token.objects.all()}
    about |= {str(user.pk): user.username for user in User.objects.all()}
    opened = Fault.objects.open().values_list("source", "key")
    found = Counter((source, about.get(key, key)) for source, key in opened)
    assert found == Counter(model.faults), (found - Counter(model.faults), Counter(model.faults) - found)
    notices = Notice.objects.values_list("token__name", "threshold", "address", "message__state", "message__recipient")
    assert sorted(notices) == sorted((*key, mail.state, mail.address) for key, mail in model.told.items())
