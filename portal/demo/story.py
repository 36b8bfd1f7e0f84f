"""The demo's story: people, service accounts and tokens in every state, for `manage.py seed_demo`.

Where there is a service it is used, with a `now` of long ago where the past is wanted; a row is changed by hand only where the
portal itself would have written it while time went by (a token's last use, a first day at work).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password

import settings_app.services as config
from portal.core.actors import Actor
from portal.directory import groups, owners
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from settings_app.models import Config
from tokens import dates, services
from tokens.expiry import scan as expiry
from tokens.models import ScanRun, Token

ADMINISTRATOR, OPERATOR, USER = "ada.lindqvist@example.com", "omar.haddad@example.com", "mia.tanaka@example.com"
LEAVER = "elena.petrova@example.com"
PEOPLE = {
    ADMINISTRATOR: ("Ada Lindqvist", User.Role.ADMINISTRATOR),
    "grace.okafor@example.com": ("Grace Okafor", User.Role.ADMINISTRATOR),
    OPERATOR: ("Omar Haddad", User.Role.OPERATOR),
    "lucia.moreno@example.com": ("Lucía Moreno", User.Role.OPERATOR),
    USER: ("Mia Tanaka", User.Role.USER),
    "jonas.weber@example.com": ("Jonas Weber", User.Role.USER),
    "priya.raman@example.com": ("Priya Raman", User.Role.USER),
    "chloe.martin@example.com": ("Chloé Martin", User.Role.USER),
    LEAVER: ("Elena Petrova", User.Role.USER),
    "samuel.osei@example.com": ("Samuel Osei", User.Role.USER),
}
SERVICES = {
    "ci-pipeline": "CI/CD pipeline",
    "terraform-runner": "Terraform runner",
    "nightly-backup": "Nightly backup",
    "billing-export": "Billing export",
    "grafana-reader": "Grafana dashboards",
    "release-bot": "Release bot",
}
TEAM = ("grace.okafor@example.com", "jonas.weber@example.com", USER)
OWNERS = {
    "ci-pipeline": ("Platform team",),
    "terraform-runner": ("Platform team",),
    "release-bot": ("Platform team",),
    "nightly-backup": ("grace.okafor@example.com", "priya.raman@example.com"),
    "billing-export": (LEAVER,),
    "grafana-reader": ("chloe.martin@example.com",),
}
CONFIG = {
    "token_expiration_days": "30;7;1",
    "token_expiration_emails": "platform-team@example.com;security@example.com",
    "session_minutes": "480",
}
FIRST_SCAN = 8  # days ago


@dataclass(frozen=True)
class Planned:
    """A token: `issued` days ago for `lives` days (None: one year), last `used` and `revoked` so many days ago."""

    owner: str
    name: str
    issued: int
    lives: int | None = None
    used: float | None = None
    revoked: int | None = None


TOKENS = [
    Planned(ADMINISTRATOR, "Old laptop", 402, used=47),
    Planned(ADMINISTRATOR, "Data migration", 150, 90, used=88, revoked=84),
    Planned(ADMINISTRATOR, "Laptop scripts", 118, used=0.1),
    Planned(ADMINISTRATOR, "API tests", 2, 21),
    Planned("grace.okafor@example.com", "Grafana setup", 61, 180, used=12),
    Planned("jonas.weber@example.com", "Notebook", 352, used=1.3),
    Planned("priya.raman@example.com", "Load tests", 40, 60, used=6),
    Planned("priya.raman@example.com", "Load tests, first run", 75, 30, used=46),
    Planned("chloe.martin@example.com", "Translation export", 210),
    Planned(LEAVER, "Reports", 170, used=20),
    Planned("ci-pipeline", "CI/CD Pipeline", 359, used=0.01),
    Planned("ci-pipeline", "CI/CD Pipeline, staging", 200, used=0.02),
    Planned("terraform-runner", "terraform apply", 347, used=0.4),
    Planned("terraform-runner", "terraform plan", 63, used=0.05),
    Planned("nightly-backup", "Backup 2", 350, used=4, revoked=3),
    Planned("nightly-backup", "Backup 3", 4, used=0.3),
    Planned("billing-export", "ERP upload", 364, used=0.7),
    Planned("billing-export", "Invoice archive", 90, used=2),
    Planned("grafana-reader", "Dashboards", 378, used=13.4),
    Planned("grafana-reader", "Dashboards", 12, used=0.001),
    Planned("release-bot", "Tag and publish", 5, 300),
    Planned("release-bot", "Leaked in a build log", 33, used=31.2, revoked=31),
]


def is_there() -> bool:
    return User.objects.filter(username=ADMINISTRATOR).exists()


def tell(now: datetime) -> None:
    """Makes it all as of `now`. The caller's transaction makes it all or nothing."""
    hire(now)
    chief = Actor(User.objects.get(username=ADMINISTRATOR))
    for key, value in CONFIG.items():
        if not Config.objects.filter(key=key).exists():
            config.add(key, value, chief)
    first_scan = now - timedelta(days=FIRST_SCAN)
    for planned in sorted(TOKENS, key=lambda planned: -planned.issued):
        if planned.issued > FIRST_SCAN:
            issue(planned, chief, now)
    scan(first_scan)
    for planned in TOKENS:
        if planned.issued <= FIRST_SCAN:
            issue(planned, chief, now)
    review(now)
    for planned in TOKENS:
        use_and_revoke(planned, chief, now)
    give_owners(chief, now)
    users.deactivate(User.objects.get(username=LEAVER), chief)
    scan(now)


def hire(now: datetime) -> None:
    """The users, and when they came and last signed in; the last person was invited today."""
    for username, (name, role) in PEOPLE.items():
        users.create(username, name, role, None)
    for username, name in SERVICES.items():
        users.create(username, name, User.Role.USER, None)
    for place, username in enumerate([*list(PEOPLE)[:-1], *SERVICES]):
        User.objects.filter(username=username).update(created_at=now - timedelta(days=450 - place))
    password = make_password(secrets.token_urlsafe())  # nobody knows it
    for place, username in enumerate(list(PEOPLE)[:-1]):
        User.objects.filter(username=username).update(password=password, last_login=now - timedelta(hours=2 + 13 * place))


def issue(planned: Planned, actor: Actor, now: datetime) -> None:
    then = now - timedelta(days=planned.issued)
    last_day = dates.day_of(then) + timedelta(days=planned.lives) if planned.lives else None
    services.issue(User.objects.get(username=planned.owner), planned.name, last_day, actor, then)


def use_and_revoke(planned: Planned, actor: Actor, now: datetime) -> None:
    token = Token.objects.get(user__username=planned.owner, name=planned.name, created_at=now - timedelta(days=planned.issued))
    if planned.used is not None:
        Token.objects.filter(pk=token.pk).update(last_used_at=now - timedelta(days=planned.used))
    if planned.revoked is not None:
        services.revoke(token, actor, now - timedelta(days=planned.revoked))


def scan(when: datetime) -> None:
    if run := expiry.scan(when, ScanRun.Trigger.SCHEDULE):
        ScanRun.objects.filter(pk=run.pk).update(finished_at=when + timedelta(seconds=1))


def review(now: datetime) -> None:
    """An operator has seen one fault. (With other days in Config than the demo's it may not be there.)"""
    if fault := Fault.objects.open().filter(resource__startswith="terraform apply").first():
        faults.acknowledge(fault, Actor(User.objects.get(username=OPERATOR)), now - timedelta(days=FIRST_SCAN - 1))


def give_owners(actor: Actor, now: datetime) -> None:
    """A group and people look after the service accounts; the one of the person who leaves is without an owner from then on."""
    team = groups.create("Platform team", "Looks after pipelines and releases.", actor, now)
    groups.add_members(team, ids(TEAM), actor, now)
    for account, names in OWNERS.items():
        chosen = [team.pk] if team.name in names else []
        owners.set_owners(User.objects.get(username=account), ids(names), chosen, actor, now)


def ids(names: Iterable[str]) -> list[int]:
    return list(User.objects.filter(username__in=names).values_list("pk", flat=True))


def give_password(password: str) -> list[User]:
    """Lets one person of each role sign in with `password`. Returns the three."""
    people = [User.objects.get(username=username) for username in (ADMINISTRATOR, OPERATOR, USER)]
    for person in people:
        person.set_password(password)
        person.save(update_fields=["password"])
    return people
