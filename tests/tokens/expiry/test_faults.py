"""Which tokens get a fault, and when it goes away by itself."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from portal.core.actors import Actor
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import AdministratorFactory, FaultFactory
from tests.tokens.scans import OPS, configure, ending, open_faults, scan
from tokens import services
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("left", "due"), [(16, False), (15, True), (14, True), (1, True), (0, True)])
def test_a_token_is_due_with_so_many_days_left_or_fewer(left: int, due: bool) -> None:
    configure("15")
    ending(left, name="deploy")
    run = scan()
    assert open_faults() == ({"deploy"} if due else set())
    assert (run.due, run.raised) == (int(due), int(due))


def test_days_that_no_scan_ran_on_cost_nothing() -> None:
    configure("15")
    ending(20, name="deploy")
    assert scan().raised == 0
    assert scan(NOW + 17 * DAY).raised == 1


def test_of_several_days_the_largest_decides() -> None:
    configure("30;7;1")
    ending(30, name="a")
    ending(31, name="b")
    scan()
    assert open_faults() == {"a"}


def test_no_fault_for_a_token_that_is_revoked_expired_temporary_or_of_an_inactive_owner() -> None:
    configure("15")
    ending(5, revoked_at=NOW)
    ending(-1)
    ending(5, kind=Token.Kind.TEMPORARY)
    ending(5, user__is_active=False)
    assert scan().due == Fault.objects.count() == 0


def test_a_token_that_ends_this_very_instant_is_no_longer_due() -> None:
    configure("15")
    token = ending(0)
    assert scan(token.expires_at).due == 0
    assert scan(token.expires_at - timedelta(microseconds=1)).due == 1


def test_a_second_scan_raises_nothing_again() -> None:
    configure("30;7;1")
    ending(5)
    assert scan().raised == 1
    assert [scan(NOW + hours * timedelta(hours=1)).raised for hours in (1, 24, 48)] == [0] * 3
    assert Fault.objects.count() == 1


@pytest.mark.usefixtures("in_utc")
def test_the_fault_says_which_token_of_whom_ends_when_and_links_to_both() -> None:
    configure("15")
    token = ending(5, name="deploy", user__username="robot", last_four="5CEQ")
    scan()
    fault = Fault.objects.get()
    assert (fault.name, fault.severity, fault.raised_at) == ("API token expires soon", "warning", NOW)
    assert fault.resource == "deploy (tpp_…5CEQ)"
    assert fault.description == "The API token deploy of robot expires 2026-11-26 23:59 UTC."
    assert [(link["label"], link["url"], link["admin_url"]) for link in fault.links] == [
        ("Token", f"/tokens/{token.pk.hex}/", f"/tokens/{token.pk.hex}/"),
        ("User robot", "/administrator/users/robot/", f"/admin/users/user/{token.user_id}/change/"),
    ]


def test_days_are_counted_in_the_portals_zone(settings: Settings) -> None:
    configure("1")
    settings.TIME_ZONE = "Europe/Berlin"
    token = ending(2, name="deploy")
    late = token.expires_at - 2 * DAY - timedelta(minutes=1)
    scan(late)
    assert open_faults() == set()
    scan(late + timedelta(minutes=1))
    assert open_faults() == {"deploy"}
    assert "2026-11-23 23:59 CET" in Fault.objects.get().description


def test_neither_key_set_nothing_happens() -> None:
    ending(5)
    run = scan()
    assert (run.due, run.raised, run.cleared, run.queued, run.error) == (0, 0, 0, 0, "")
    assert run.finished_at >= run.started_at


def test_days_alone_raise_faults_and_send_nothing() -> None:
    configure("15")
    ending(5)
    run = scan()
    assert (run.raised, run.queued) == (1, 0)


def test_addresses_alone_do_nothing() -> None:
    configure(emails=OPS)
    ending(5)
    run = scan()
    assert (run.due, run.raised, run.queued) == (0, 0, 0)


def test_the_fault_clears_when_the_owner_is_deactivated() -> None:
    configure("15")
    token = ending(5)
    scan()
    users.deactivate(token.user, Actor(AdministratorFactory()))
    scan(NOW + DAY)
    assert open_faults() == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda token: configure(),
        lambda token: configure("4"),
        lambda token: configure(emails=OPS),
        lambda token: User.objects.update(is_active=False),
        lambda token: Token.objects.update(revoked_at=NOW),
        lambda token: Token.objects.update(expires_at=NOW + 100 * DAY),
        lambda token: Token.objects.update(expires_at=NOW),
    ],
)
def test_the_fault_clears_by_itself_when_the_token_is_no_longer_due(change: object) -> None:
    configure("15")
    token = ending(5)
    scan()
    change(token)
    run = scan()
    assert (run.due, run.cleared, open_faults()) == (0, 1, set())
    assert Fault.objects.get().cleared_at == NOW


def test_the_fault_clears_when_the_token_expires() -> None:
    configure("15")
    ending(1)
    scan()
    assert scan(NOW + 2 * DAY).cleared == 1


def test_only_faults_of_this_source_are_cleared() -> None:
    other = FaultFactory()
    configure("15")
    scan()
    assert Fault.objects.open().get() == other


def test_an_acknowledged_fault_stays_acknowledged_and_open() -> None:
    configure("15")
    ending(5)
    scan()
    faults.acknowledge(Fault.objects.get(), Actor(AdministratorFactory()), NOW)
    assert scan(NOW + DAY).raised == 0
    assert Fault.objects.get().state == "Acknowledged"


def test_a_fault_cleared_by_hand_comes_back_while_its_cause_is_there() -> None:
    configure("15")
    ending(5)
    scan()
    faults.clear(Fault.objects.get(), Actor(AdministratorFactory()), NOW)
    assert scan(NOW + DAY).raised == 1
    assert [fault.state for fault in Fault.objects.all()] == ["Open", "Cleared"]


def test_replacing_a_token_clears_the_old_ones_fault_and_raises_none_for_the_new_one() -> None:
    configure("15")
    old = ending(5, name="deploy")
    scan()
    services.revoke(old, None, NOW)
    services.issue(old.user, "deploy", None, None, NOW)
    assert scan().raised == 0
    assert open_faults() == set()
