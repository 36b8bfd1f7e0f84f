"""Making a permanent token: what is stored, for whom, and that one form makes one token."""

import uuid
from datetime import timedelta
from hashlib import sha256

import pytest

from portal.core.errors import ServiceError
from tests.checks import verification_result
from tests.clock import DAY, NOW
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory, issue
from tokens import services
from tokens.models import Token

pytestmark = pytest.mark.django_db


def test_the_token_made_is_good_and_belongs_to_its_owner() -> None:
    owner = ServiceFactory()
    token, text = issue(owner, "nightly build", NOW)
    assert verification_result(text, NOW) == token
    assert verification_result(text, NOW).user == owner


def test_who_made_it_and_when_is_kept() -> None:
    administrator = AdministratorFactory()
    token, _ = issue(now=NOW, actor=administrator)
    stored = Token.objects.get()
    assert (stored.created_by, stored.created_at, stored.last_used_at, stored.revoked_at) == (administrator, NOW, None, None)
    assert stored.kind == Token.Kind.PERMANENT
    assert stored == token


def test_the_digest_is_stored_and_the_text_is_not() -> None:
    _, text = issue(now=NOW)
    row = Token.objects.values().get()
    assert bytes(row["digest"]) == sha256(text.encode()).digest()
    assert row["last_four"] == text[-4:]
    assert text[4:36] not in str(row)


def test_neither_str_nor_repr_of_a_token_shows_more_than_the_hint() -> None:
    token, text = issue(name="deploy")
    assert str(token) == f"deploy (tpp_…{text[-4:]})"
    assert text[4:-4] not in str(token) + repr(token)


def test_an_owner_who_is_deactivated_gets_none() -> None:
    owner = UserFactory(is_active=False)
    with pytest.raises(ServiceError, match=f"^{owner.username} is inactive and can't get a token.$"):
        issue(owner)
    assert not Token.objects.exists()


def test_an_owner_who_was_deleted_gets_none() -> None:
    with pytest.raises(ServiceError):
        issue(UserFactory(is_active=False, deleted_at=NOW))


def test_an_owner_who_was_deactivated_after_the_page_was_opened_gets_none() -> None:
    owner = UserFactory()
    type(owner).objects.update(is_active=False)
    with pytest.raises(ServiceError):
        issue(owner)


def test_the_same_form_sent_twice_makes_one_token_and_says_so() -> None:
    owner, request_id = UserFactory(), uuid.uuid4()
    issue(owner, "deploy", NOW, request_id=request_id)
    with pytest.raises(services.AlreadyMade, match=r"created the token deploy\. Its text can't be shown again") as error:
        issue(owner, "deploy", NOW, request_id=request_id)
    assert Token.objects.count() == 1
    assert Token.objects.get().hint not in str(error.value)


def test_the_same_form_sent_again_makes_no_second_token_even_when_the_first_is_revoked_by_then() -> None:
    owner, request_id = UserFactory(), uuid.uuid4()
    token, _ = issue(owner, "deploy", NOW, request_id=request_id)
    services.revoke(token, None, NOW)
    with pytest.raises(services.AlreadyMade):
        issue(owner, "deploy", NOW, request_id=request_id)
    assert Token.objects.count() == 1


def test_two_forms_make_two_tokens() -> None:
    owner = UserFactory()
    issue(owner, "one", request_id=uuid.uuid4())
    issue(owner, "two", request_id=uuid.uuid4())
    issue(owner, "three")
    issue(owner, "four")
    assert Token.objects.count() == 4


def test_a_refused_request_can_be_sent_again_with_the_same_form() -> None:
    owner, request_id = UserFactory(), uuid.uuid4()
    with pytest.raises(ServiceError):
        issue(owner, "", request_id=request_id)
    assert issue(owner, "deploy", request_id=request_id)[0].request_id == request_id


def test_a_new_token_has_the_status_active_until_the_days_of_config_say_otherwise() -> None:
    issue(now=NOW)
    for later, status in [(timedelta(0), "active"), (360 * DAY, "expiring"), (366 * DAY, "expired")]:
        rows = Token.objects.with_status(NOW + later, NOW + later + 15 * DAY)
        assert rows.get().status == status
    services.revoke(Token.objects.get(), None, NOW)
    assert Token.objects.with_status(NOW, NOW).get().status == "revoked"


def test_one_actors_request_id_is_nobody_elses() -> None:
    one, other, request_id = AdministratorFactory(), AdministratorFactory(), uuid.uuid4()
    issue(one, "mine", NOW, actor=one, request_id=request_id)
    token, _ = issue(other, "theirs", NOW, actor=other, request_id=request_id)
    assert token.name == "theirs"
    with pytest.raises(services.AlreadyMade):
        issue(one, "again", NOW, actor=one, request_id=request_id)
