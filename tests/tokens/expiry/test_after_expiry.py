"""*Token expired, still in use*: the fault that says that somebody's pipeline is broken."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from portal.faults.models import Fault
from portal.users.models import User
from tests.clock import DAY, NOW, SECOND
from tests.factories import TokenFactory
from tests.tokens.scans import configure, ending, scan
from tests.tokens.scans import open_faults as open_faults_of
from tokens import services
from tokens.models import Token

pytestmark = pytest.mark.django_db
SOURCE = "token-expired-in-use"
TICK = timedelta(microseconds=1)
MONTH, WEEK = 30 * DAY, 7 * DAY


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure("15")


def ended(ago: timedelta = DAY, used: timedelta | None = None, refused: timedelta | None = None, **values: object) -> Token:
    """A token that ended some time before NOW; last `used` so long before its end, last `refused` so long before NOW."""
    end = NOW - ago
    values |= {"last_used_at": None if used is None else end - used, "refused_at": None if refused is None else NOW - refused}
    return TokenFactory(created_at=NOW - 300 * DAY, expires_at=end, **values)


def open_faults() -> set[str]:
    return open_faults_of(SOURCE)


@pytest.mark.parametrize(
    ("values", "raised"),
    [
        ({"used": DAY}, True),
        ({"used": MONTH}, True),
        ({"used": MONTH + TICK}, False),
        ({"used": TICK}, True),
        ({}, False),
        ({"ago": timedelta(), "used": DAY}, True),
        ({"ago": -TICK, "used": DAY}, False),
        ({"ago": WEEK - TICK, "used": DAY}, True),
        ({"ago": WEEK, "used": DAY}, False),
        ({"refused": DAY}, True),
        ({"refused": timedelta()}, True),
        ({"ago": 100 * DAY, "refused": WEEK - TICK}, True),
        ({"ago": 100 * DAY, "refused": WEEK}, False),
        ({"ago": 100 * DAY, "used": DAY}, False),
        ({"ago": DAY, "refused": 2 * DAY}, False),
        ({"ago": 9 * DAY, "used": DAY, "refused": 2 * DAY}, True),
    ],
)
def test_used_within_30_days_before_its_end_or_refused_since_and_not_quiet_for_7_days(values: dict[str, timedelta], raised: bool) -> None:
    ended(name="deploy", **values)
    run = scan()
    assert open_faults() == ({"deploy"} if raised else set())
    assert run.raised == run.due  # the row counts tokens that are about to expire
    again = open_faults()
    scan()
    assert open_faults() == again
    assert Fault.objects.filter(source=SOURCE).count() == int(raised)


def test_to_the_microsecond_on_both_databases() -> None:
    end = NOW - DAY + 500_000 * TICK
    for name, used in (("just", end - MONTH), ("too early", end - MONTH - TICK)):
        TokenFactory(name=name, created_at=NOW - 300 * DAY, expires_at=end, last_used_at=used)
    scan()
    assert open_faults() == {"just"}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("end", [datetime(2027, 4, 10, 22, tzinfo=UTC), datetime(2027, 11, 10, 23, tzinfo=UTC)])
def test_30_days_are_720_hours_also_where_the_clock_is_changed_between(end: datetime, zone: str, settings: Settings) -> None:
    settings.TIME_ZONE = zone
    for name, used in (("just", end - 720 * 3600 * SECOND), ("too early", end - 720 * 3600 * SECOND - SECOND)):
        TokenFactory(name=name, created_at=NOW, expires_at=end, last_used_at=used)
    for _ in range(2):
        scan(end + DAY)
        assert open_faults() == {"just"}
    assert Fault.objects.filter(source=SOURCE).count() == 1


@pytest.mark.usefixtures("in_utc")
def test_the_fault_follows_the_one_that_said_soon_and_is_critical() -> None:
    token = ending(1, name="deploy", user__username="robot", last_four="5CEQ", last_used_at=NOW)
    scan()
    later = token.expires_at + SECOND
    run = scan(later)
    assert (run.cleared, open_faults()) == (1, {"deploy"})
    fault = Fault.objects.open().get()
    assert (fault.name, fault.severity, fault.raised_at) == ("Token expired, still in use", "critical", later)
    assert fault.resource == "deploy (tpp_…5CEQ)"
    assert fault.description == "The API token deploy of robot expired 2026-11-22 23:59 UTC, but it is still being used."
    assert [(link["label"], link["url"], link["admin_url"]) for link in fault.links] == [
        ("Token", f"/tokens/{token.pk.hex}/", f"/tokens/{token.pk.hex}/"),
        ("User robot", "/administrator/users/robot/", f"/admin/users/user/{token.user_id}/change/"),
    ]


@pytest.mark.parametrize(
    "values", [{"kind": "temporary"}, {"revoked_at": NOW - 2 * DAY}, {"holds_name": False}, {"user__is_active": False}], ids=str
)
def test_none_for_what_nobody_is_to_replace(values: dict[str, object]) -> None:
    ended(used=DAY, refused=DAY / 2, **values)
    scan()
    assert not Fault.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda token: services.issue(token.user, token.name, None, None, NOW),
        lambda token: services.revoke(token, None, NOW),
        lambda token: User.objects.update(is_active=False),
        lambda token: configure(),
        lambda token: configure(emails="ops@example.com"),
        lambda token: Token.objects.update(expires_at=NOW + 100 * DAY),
    ],
)
def test_it_clears_by_itself_once_its_cause_is_gone(change: object) -> None:
    token = ended(used=DAY, refused=DAY / 2)
    scan()
    assert open_faults() == {token.name}
    change(token)
    scan()
    assert open_faults() == set()
    assert Fault.objects.get().cleared_at == NOW


def test_it_clears_after_seven_quiet_days_and_each_refused_use_puts_that_off() -> None:
    token = ended(used=DAY, name="deploy")
    seen = []
    for day in range(12):
        if day == 3:
            Token.objects.filter(pk=token.pk).update(refused_at=NOW + day * DAY)
        scan(NOW + day * DAY)
        seen.append(bool(open_faults()))
    assert seen == [True] * 10 + [False] * 2


def test_a_token_that_is_refused_again_after_a_quiet_time_has_a_new_fault() -> None:
    token = ended(ago=20 * DAY)
    scan()
    assert open_faults() == set()
    Token.objects.filter(pk=token.pk).update(refused_at=NOW)
    scan()
    assert open_faults() == {token.name}


@pytest.mark.parametrize("emails", ["", "ops@example.com"])
def test_without_days_nothing_is_raised(emails: str) -> None:
    configure(emails=emails)
    ended(used=DAY, refused=DAY / 2)
    scan()
    assert not Fault.objects.exists()


def test_revoking_clears_it_at_once() -> None:
    token = ended(used=DAY)
    scan()
    services.revoke(token, None, NOW)
    assert open_faults() == set()
