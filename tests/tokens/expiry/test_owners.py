"""The flag *Notify token owners*: owners are told of their own tokens, and somebody hears of those whose owner cannot be told."""

import pytest

import settings_app.services as config
from portal.faults.models import Fault
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import ServiceFactory, UserFactory
from tests.tokens.scans import OPS, configure, deliver, ending, open_faults, scan, told
from tokens.models import Token

pytestmark = pytest.mark.django_db
ANA, BO = "ana@example.com", "bo@example.com"


@pytest.fixture
def ana() -> User:
    return UserFactory(username=ANA)


@pytest.fixture
def robot() -> User:
    """A service account: it has no address."""
    return ServiceFactory(username="robot")


def unreachable() -> set[str]:
    return set(Fault.objects.open().filter(source="nobody-to-notify").values_list("resource", flat=True))


@pytest.mark.parametrize("value", [None, "false"])
def test_without_the_flag_owners_are_told_nothing_and_missed_by_nobody(value: str | None, ana: User, robot: User) -> None:
    configure("15")
    if value:
        config.add("notify_token_owners", value, None)
    ending(5, user=ana)
    ending(5, user=robot)
    assert told(scan()) == {}
    assert unreachable() == set()


def test_each_owner_gets_one_mail_about_own_tokens_and_the_configured_address_one_about_all(ana: User) -> None:
    configure("15", OPS, owners=True)
    bo = UserFactory(username=BO)
    for owner, name in ((ana, "a1"), (ana, "a2"), (bo, "b1")):
        ending(5, name=name, user=owner)
    assert told(scan()) == {ANA: {"a1", "a2"}, BO: {"b1"}, OPS: {"a1", "a2", "b1"}}
    texts = {mail.to: mail.text for mail in deliver()}
    assert "a1 (tpp_…" in texts[ANA]
    assert "b1 (tpp_…" not in texts[ANA]
    assert told(scan()) == {}


def test_an_owners_mail_leads_to_the_profile_which_owners_may_open(ana: User) -> None:
    configure("15", OPS, owners=True)
    token = ending(5, name="deploy", user=ana)
    scan()
    texts = {mail.to: mail.text for mail in deliver()}
    assert f"/tokens/{token.pk}/" in texts[ANA]  # leads each role to where it may go: tests/pages/test_one_address.py
    assert "/administrator/" not in texts[ANA]
    assert f"/tokens/{token.pk}/" in texts[OPS]


def test_two_accounts_with_the_same_address_get_one_mail(ana: User) -> None:
    configure("15", owners=True)
    ending(5, name="a", user=ana)
    ending(5, name="r", user=UserFactory(username="second", email=ANA))
    assert told(scan()) == {ANA: {"a", "r"}}


@pytest.mark.parametrize("configured", [ANA, "ANA@Example.com"])
def test_an_owner_who_is_configured_too_gets_one_mail_in_whatever_case_of_letters(configured: str, ana: User) -> None:
    configure("15", configured, owners=True)
    ending(5, name="own", user=ana)
    ending(5, name="another's", user=ServiceFactory())
    assert told(scan()) == {configured: {"own", "another's"}}


@pytest.mark.parametrize("configured", [ANA, "ANA@Example.com"])
def test_what_an_owner_knows_already_is_not_told_again_when_the_address_is_configured(configured: str, ana: User) -> None:
    configure("15", owners=True)
    ending(5, name="own", user=ana)
    ending(5, name="another's", user=ServiceFactory())
    assert told(scan()) == {ANA: {"own"}}
    configure("15", configured, owners=True)
    assert told(scan()) == {configured: {"another's"}}


def test_each_threshold_is_told_to_an_owner_once(ana: User) -> None:
    configure("30;7;1", owners=True)
    ending(40, user=ana)
    assert [day for day in (0, 9, 10, 11, 33, 34, 39, 40) if told(scan(NOW + day * DAY))] == [10, 33, 39]


def test_switching_the_flag_on_tells_owners_what_is_due_now_and_off_stops_it(ana: User) -> None:
    configure("15", OPS)
    ending(5, name="a", user=ana)
    scan()
    configure("15", OPS, owners=True)
    assert told(scan()) == {ANA: {"a"}}
    configure("15", OPS)
    ending(6, name="b", user=ana)
    assert told(scan()) == {OPS: {"b"}}


def test_an_owner_who_was_deactivated_is_told_nothing(ana: User) -> None:
    configure("15", owners=True)
    ending(5, user=ana)
    User.objects.update(is_active=False)
    assert told(scan()) == {}


def test_with_the_flag_alone_nothing_happens(ana: User, robot: User) -> None:
    configure(owners=True)
    ending(5, user=ana)
    ending(5, user=robot)
    run = scan()
    assert (run.due, run.raised, run.queued, Fault.objects.count()) == (0, 0, 0, 0)


def test_a_service_account_whose_tokens_nobody_is_told_of_raises_one_critical_fault(robot: User, ana: User) -> None:
    configure("15", owners=True)
    for name in ("one", "two"):
        ending(5, name=name, user=robot)
    ending(5, user=ana)
    assert set(told(scan())) == {ANA}
    fault = Fault.objects.get(source="nobody-to-notify")
    assert (fault.name, fault.severity, fault.resource, fault.raised_at) == ("Nobody to notify", "critical", "robot", NOW)
    assert fault.description == "Tokens of robot expire soon. This user has no email address or owner, and Config names none."
    assert fault.links == [{"label": "User", "url": "/administrator/users/robot/", "admin_url": f"/admin/users/user/{robot.pk}/change/"}]
    scan()
    assert Fault.objects.filter(source="nobody-to-notify").count() == 1
    assert len(open_faults()) == 3


def test_a_person_without_an_address_raises_it_too() -> None:
    configure("15", owners=True)
    ending(5, user=UserFactory(username="first.administrator", email=""))
    scan()
    assert unreachable() == {"first.administrator"}


def test_with_a_configured_address_somebody_is_told() -> None:
    configure("15", OPS, owners=True)
    ending(5, name="a", user=ServiceFactory())
    assert told(scan()) == {OPS: {"a"}}
    assert unreachable() == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda: configure("15", OPS, owners=True),
        lambda: configure("15"),
        lambda: configure(owners=True),
        lambda: configure("4", owners=True),
        configure,
        lambda: User.objects.update(email=ANA),
        lambda: User.objects.update(is_active=False),
        lambda: Token.objects.update(revoked_at=NOW),
        lambda: Token.objects.update(expires_at=NOW + 100 * DAY),
        lambda: Token.objects.update(expires_at=NOW),
    ],
)
def test_the_fault_clears_by_itself_when_its_cause_is_gone(change: object, robot: User) -> None:
    configure("15", owners=True)
    ending(5, user=robot)
    scan()
    assert unreachable() == {"robot"}
    change()
    scan()
    assert unreachable() == set()
    assert Fault.objects.get(source="nobody-to-notify").cleared_at == NOW
