"""Ending tokens: one, several, all of a user's."""

import uuid

import pytest

import settings_app.services as config
from portal.core.actors import Actor
from portal.faults.models import Fault
from tests.checks import verification_result
from tests.clock import DAY, NOW, SECOND, TODAY
from tests.factories import AdministratorFactory, TokenFactory, UserFactory, issue
from tokens import services
from tokens.expiry import scan as expiry
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db


def test_a_revoked_token_is_refused_from_that_moment() -> None:
    token, text = issue(now=NOW)
    assert services.revoke(token, None, NOW)
    assert verification_result(text, NOW) is RejectionReason.REVOKED


def test_who_revoked_it_and_when_is_kept() -> None:
    token, _ = issue(now=NOW)
    administrator = AdministratorFactory()
    services.revoke(token, Actor(administrator), NOW + SECOND)
    stored = Token.objects.get()
    assert (stored.revoked_by, stored.revoked_at) == (administrator, NOW + SECOND)
    assert (token.revoked_by, token.revoked_at) == (administrator, NOW + SECOND)


def test_revoking_twice_says_so_and_keeps_what_the_first_wrote() -> None:
    token, _ = issue(now=NOW)
    first = AdministratorFactory()
    services.revoke(token, Actor(first), NOW)
    assert services.revoke(token, Actor(AdministratorFactory()), NOW + DAY) is False
    stored = Token.objects.get()
    assert (stored.revoked_by, stored.revoked_at) == (first, NOW)


def test_a_copy_of_the_row_that_is_out_of_date_revokes_nothing_a_second_time() -> None:
    token, _ = issue(now=NOW)
    stale = Token.objects.get()
    services.revoke(token, None, NOW)
    assert services.revoke(stale, None, NOW + DAY) is False


def test_revoking_clears_the_tokens_fault_and_no_other() -> None:
    config.add("token_expiration_days", "15", None)
    token, _ = issue(now=NOW, expires=TODAY + DAY)
    issue(now=NOW, expires=TODAY + DAY)
    expiry.scan(NOW, "command")
    services.revoke(token, None, NOW)
    assert list(Fault.objects.open().values_list("key", flat=True)) == [Token.objects.exclude(pk=token.pk).get().pk.hex]


def test_several_are_revoked_and_those_that_were_before_are_not_counted() -> None:
    tokens = [TokenFactory() for _ in range(3)]
    services.revoke(tokens[1], None, NOW)
    assert services.revoke_many(Token.objects.order_by("name"), Actor(AdministratorFactory()), NOW) == 2
    assert not Token.objects.filter(revoked_at=None).exists()


def test_of_the_ids_that_a_form_sends_only_those_that_are_ids_are_taken() -> None:
    pk = uuid.uuid4()
    assert services.ids([str(pk), "", "1", "' OR 1=1", "x" * 10000, pk.hex]) == [pk, pk]


def test_ending_all_ends_a_users_permanent_and_temporary_tokens_and_nobody_elses() -> None:
    owner, other = UserFactory(), TokenFactory()
    TokenFactory(user=owner)
    TokenFactory(user=owner)
    TokenFactory(user=owner, kind=Token.Kind.TEMPORARY)
    assert services.end_all(owner, None, NOW) == 3
    assert list(Token.objects.filter(revoked_at=None)) == [other]


def test_ending_all_leaves_what_had_ended_before_as_it_was() -> None:
    owner = UserFactory()
    expired, _ = issue(owner, "old", NOW - 30 * DAY, expires=TODAY - 10 * DAY)
    revoked, _ = issue(owner, "gone", NOW - 30 * DAY)
    services.revoke(revoked, None, NOW - DAY)
    assert services.end_all(owner, None, NOW) == 0
    assert Token.objects.get(pk=expired.pk).revoked_at is None
    assert Token.objects.get(pk=revoked.pk).revoked_at == NOW - DAY
