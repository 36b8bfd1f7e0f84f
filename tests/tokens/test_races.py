"""Two requests at the same moment, on real connections: one token, one revocation, and nobody waits for ever."""

import uuid
from functools import partial

import pytest
from django.utils import timezone

from portal.audit import services as audit
from portal.core.actors import Actor
from portal.core.errors import Code
from portal.users import services as users
from portal.users.models import User
from tests.checks import verification_result
from tests.clock import NOW
from tests.factories import AdministratorFactory, TokenFactory, UserFactory, issue
from tests.racing import race, widen
from tokens import services
from tokens.calendar import links as calendar
from tokens.models import CalendarLink, Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db(transaction=True)


def split(results: list[object], kind: type) -> tuple[list[object], list[object]]:
    return [each for each in results if isinstance(each, kind)], [each for each in results if not isinstance(each, kind)]


def test_of_many_who_create_a_token_of_the_same_name_one_succeeds_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Token, "save")
    owner = UserFactory()
    made, refused = split(race(*[partial(issue, owner, "deploy", NOW)] * 4), tuple)
    assert len(made) == 1
    assert [str(error) for error in refused] == [f"{owner.username} already has an active token named deploy."] * 3
    assert [verification_result(text, NOW) for _, text in made] == [Token.objects.get()]


def test_the_same_form_sent_twice_at_once_makes_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Token, "save")
    made, refused = split(race(*[partial(issue, UserFactory(), "deploy", NOW, request_id=uuid.uuid4())] * 3), tuple)
    assert len(made) == Token.objects.count() == 1
    assert [type(error) for error in refused] == [services.AlreadyMade] * 2


def test_of_two_who_revoke_a_token_one_did_it(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, audit, "record")
    token = TokenFactory()
    results = race(
        *(lambda stale=stale: services.revoke(stale, None, NOW) for stale in Token.objects.filter(pk=token.pk).all() for _ in "12")
    )
    assert sorted(results) == [False, True]


@pytest.mark.usefixtures("running_clock")
def test_no_token_survives_a_deactivation_at_the_moment_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Token, "save")
    owner, actor = UserFactory(), AdministratorFactory()
    made, ended = race(lambda: issue(owner), lambda: users.deactivate(User.objects.get(pk=owner.pk), Actor(actor)))
    assert ended is None
    if isinstance(made, tuple):
        assert verification_result(made[1], timezone.now()) is RejectionReason.REVOKED
    else:
        assert "is inactive" in str(made)
    assert not Token.objects.filter(revoked_at=None).exists()


def test_two_administrators_who_make_tokens_for_each_other_do_not_block_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, audit, "record")
    one, other = AdministratorFactory(), AdministratorFactory()
    results = race(lambda: issue(one, "deploy", NOW, actor=other), lambda: issue(other, "deploy", NOW, actor=one))
    assert [type(result) for result in results] == [tuple, tuple]


@pytest.mark.usefixtures("running_clock")
def test_making_a_token_and_deactivating_its_owner_do_not_block_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, audit, "record")
    owner, administrator, actor = UserFactory(), AdministratorFactory(), AdministratorFactory()
    results = race(lambda: issue(owner, actor=administrator), lambda: users.deactivate(User.objects.get(pk=owner.pk), Actor(actor)))
    assert isinstance(results[0], tuple) or "is inactive" in str(results[0])
    assert results[1] is None


def test_of_two_clicks_that_renew_a_calendars_link_one_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, calendar, "replace")
    actor = Actor(UserFactory())
    calendar.switch_on(actor, NOW)
    read = [calendar.version(actor.user)]
    made, refused = split(race(*[lambda: calendar.renew(actor, NOW, read)] * 2), CalendarLink)
    assert [error.code for error in refused] == [Code.PRECONDITION_FAILED]
    assert made == [CalendarLink.objects.get()]
