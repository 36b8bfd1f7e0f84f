"""Is a token good? Every way in which it is not, and that a doubt is a refusal."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from portal.core.actors import Actor
from portal.users import services as users
from portal.users.models import User
from tests.checks import verification_result
from tests.clock import DAY, NOW, SECOND, TODAY
from tests.factories import AdministratorFactory, UserFactory, issue
from tokens import services, sessions, token_format
from tokens.models import Token
from tokens.verification.verify import RejectionReason, verify

pytestmark = pytest.mark.django_db


def test_a_good_token_gives_itself_and_its_owner_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    token, text = issue(now=NOW)
    with django_assert_num_queries(1):
        found = verify(text, NOW)
    assert (found.id, found.username) == (token.pk, token.user.username)


@pytest.mark.parametrize(
    "text", ["", " ", "x", "tpp_", "tpp_" + "0" * 38, "tpp_" + "0" * 10_000_000, "null", "' OR 1=1 --", "\x00", "\ud800", "tpp_" + "é" * 38]
)
def test_what_is_no_token_is_malformed_and_costs_no_query(text: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    issue(now=NOW)
    with django_assert_num_queries(0):
        assert verification_result(text, NOW) is RejectionReason.MALFORMED


def test_a_well_formed_token_that_nobody_was_given_is_unknown() -> None:
    issue(now=NOW)
    assert verification_result(token_format.generate(), NOW) is RejectionReason.UNKNOWN


def test_a_token_is_good_until_the_very_instant_of_its_end_and_not_at_it() -> None:
    token, text = issue(now=NOW, expires=TODAY + DAY)
    assert verification_result(text, token.expires_at - timedelta(microseconds=1)) == token
    assert verification_result(text, token.expires_at) is RejectionReason.EXPIRED
    assert verification_result(text, token.expires_at + SECOND) is RejectionReason.EXPIRED


def test_a_revoked_token_is_refused_as_revoked_even_when_its_time_is_over_too() -> None:
    token, text = issue(now=NOW)
    services.revoke(token, None, NOW)
    assert verification_result(text, NOW + 1000 * DAY) is RejectionReason.REVOKED


def test_a_revocation_whose_time_lies_ahead_counts_at_once() -> None:
    token, text = issue(now=NOW)
    services.revoke(token, None, NOW + DAY)
    assert verification_result(text, NOW) is RejectionReason.REVOKED


@pytest.mark.usefixtures("running_clock")
def test_the_tokens_of_a_deactivated_and_of_a_deleted_owner_are_refused() -> None:
    actor = Actor(AdministratorFactory())
    for end in (users.deactivate, users.delete):
        token, text = issue()
        end(token.user, actor)
        assert verification_result(text, timezone.now()) is RejectionReason.REVOKED


def test_an_owner_who_was_deactivated_behind_the_services_back_ends_the_tokens_all_the_same() -> None:
    token, text = issue(now=NOW)
    User.objects.filter(pk=token.user_id).update(is_active=False)
    assert verification_result(text, NOW) is RejectionReason.OWNER_INACTIVE


@pytest.mark.usefixtures("running_clock")
def test_tokens_stay_ended_when_the_owner_is_activated_again() -> None:
    actor = Actor(AdministratorFactory())
    token, text = issue()
    users.deactivate(token.user, actor)
    users.activate(User.objects.get(pk=token.user_id), actor)
    assert verification_result(text, timezone.now()) is RejectionReason.REVOKED


def test_a_stored_digest_under_the_other_prefix_is_refused() -> None:
    """Should a temporary token ever be stored as a permanent one, it would outlive its session."""
    text = sessions.derive("key", "id")
    row = {"user": UserFactory(), "digest": token_format.digest(text), "created_at": NOW, "expires_at": NOW + DAY}
    Token.objects.create(**row, kind=Token.Kind.PERMANENT)
    assert token_format.well_formed(text)
    assert verification_result(text, NOW) is RejectionReason.UNKNOWN


def test_a_permanent_token_cares_for_neither_the_password_nor_the_portals_key(settings: Settings) -> None:
    token, text = issue(now=NOW)
    token.user.set_password("another password")
    token.user.save()
    settings.SECRET_KEY = "another key of the portal, of some length"
    assert verification_result(text, NOW) == token


def test_verifying_writes_nothing() -> None:
    _, text = issue(now=NOW)
    before = Token.objects.values().get()
    verification_result(text, NOW)
    assert Token.objects.values().get() == before
