"""The second step of a sign-in: what lets somebody in, and that nobody is in before."""

import secrets
import threading
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.notifications.models import Message
from portal.users import devices
from portal.users import services as users
from portal.users.models import User, new_stamp
from tests.factories import PASSWORD, UserFactory
from tests.pages.visitor import Visitor
from tests.second_factor.steps import code, first_step, give_app, give_passkey, is_signed_in
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
STEP = "mfa_authenticate"


@pytest.fixture
def user() -> User:
    return UserFactory()


def test_without_a_factor_the_password_alone_signs_in(user: User) -> None:
    assert is_signed_in(first_step(user))


def test_between_the_steps_nobody_is_signed_in_and_no_token_exists(user: User) -> None:
    give_app(user)
    visitor = Visitor()
    response = visitor.send("account_login", login=user.username, password=PASSWORD)
    assert response["Location"] == reverse(STEP)
    assert not is_signed_in(visitor)
    assert not Token.objects.exists()
    assert visitor.get(reverse("profile"))["Location"].startswith(reverse("account_login"))
    assert User.objects.get().last_login is None


def test_the_code_completes_the_sign_in_with_a_new_session(user: User) -> None:
    give_app(user)
    visitor = first_step(user, next="/profile/")
    before = visitor.session.session_key
    assert visitor.send(STEP, code=code())["Location"] == "/profile/"
    assert is_signed_in(visitor)
    assert visitor.session.session_key != before
    token = Token.objects.get()
    assert abs(visitor.session.get_expiry_date() - token.expires_at) < timedelta(seconds=2)


@pytest.mark.parametrize("onward", ["/cli/sign-in?port=5000&state=12345678", "/device/?user_code=BCDF-GHJK", "/admin/", "/AppFrontEnd/x"])
def test_the_second_step_leads_on_to_what_asked_for_the_sign_in(onward: str, user: User) -> None:
    give_app(user)
    visitor = first_step(user, next=onward)
    assert visitor.send(STEP, code=code())["Location"] == onward


@pytest.mark.parametrize("typed", ["", "000000", "12345", "x" * 40, "١٢٣٤٥٦", "0000-0000"])
def test_a_wrong_code_is_rejected(typed: str, user: User) -> None:
    give_app(user)
    visitor = first_step(user)
    assert visitor.send(STEP, code=typed).status_code == 422
    assert not is_signed_in(visitor)


def test_a_code_with_a_space_works_and_works_once(user: User) -> None:
    give_app(user)
    typed = code()
    visitor = first_step(user)
    visitor.send(STEP, code=f"{typed[:3]} {typed[3:]}")
    assert is_signed_in(visitor)
    again = first_step(user)
    assert again.send(STEP, code=typed).status_code == 422
    assert not is_signed_in(again)


def test_an_older_code_than_the_last_one_is_rejected(user: User) -> None:
    give_app(user)
    first_step(user).send(STEP, code=code(ahead=1))
    visitor = first_step(user)
    visitor.send(STEP, code=code())
    assert not is_signed_in(visitor)


def test_each_recovery_code_works_once_and_is_recorded(user: User) -> None:
    codes = give_app(user)
    assert len(set(codes)) == 10
    for typed in (codes[0], codes[1].replace("-", "")):
        visitor = first_step(user)
        visitor.send(STEP, code=typed)
        assert is_signed_in(visitor)
    again = first_step(user)
    again.send(STEP, code=codes[0])
    assert not is_signed_in(again)
    announced = [fact for message in Message.objects.filter(kind="second_factor") for fact in message.about["facts"]]
    assert [what for label, what in announced if "recovery code was used" in what] == [
        f"A recovery code was used, {left} left" for left in (8, 9)
    ]


def test_wrong_codes_are_limited_for_those_with_the_password_alone(user: User) -> None:
    give_app(user)
    owner = first_step(user)
    owner.send(STEP, code=code())
    owner.send("account_logout")
    attacker = first_step(user)
    assert [attacker.send(STEP, code="000000").status_code for _ in range(11)] == [422] * 10 + [429]
    assert attacker.send(STEP, code=code(ahead=1)).status_code == 429
    owner.send("account_login", login=user.username, password=PASSWORD)
    owner.send(STEP, code=code(ahead=1))
    assert is_signed_in(owner)


def test_codes_are_limited_over_all_browsers_that_password_resets_made_known(user: User) -> None:
    give_app(user)
    visitors = [first_step(user) for _ in range(4)]
    for visitor in visitors:  # a reader of the email sets a password in each, which gives it a cookie of its own
        visitor.cookies[settings.DEVICE_COOKIE_NAME] = devices.signer(user).sign(secrets.token_hex(4))
    found = [visitor.send(STEP, code="000000").status_code for visitor in visitors for _ in range(10)]
    assert found == [422] * 30 + [429] * 10


def test_a_neighbour_without_a_password_uses_up_nobodys_second_step(user: User) -> None:
    give_app(user)
    stranger = Visitor()
    assert {stranger.send(STEP, code="000000").status_code for _ in range(61)} == {302}
    owner = first_step(user)
    owner.send(STEP, code=code())
    assert is_signed_in(owner)


def test_a_stranger_without_the_password_reaches_no_second_step(user: User) -> None:
    give_app(user)
    stranger = Visitor()
    stranger.send("account_login", login=user.username, password="wrong-password")
    assert stranger.send(STEP, code=code())["Location"] == reverse("account_login")
    assert not is_signed_in(stranger)


@pytest.mark.parametrize("change", [{"session_stamp": new_stamp()}, {"password": "another"}, {"is_active": False}])
def test_a_change_of_the_account_between_the_steps_ends_the_sign_in(change: dict[str, object], user: User) -> None:
    give_app(user)
    visitor = first_step(user)
    User.objects.update(**change)
    assert visitor.send(STEP, code=code())["Location"] == reverse("account_login")
    assert not is_signed_in(visitor)
    assert not Token.objects.exists()


def test_the_second_step_waits_for_five_minutes(user: User) -> None:
    give_app(user)
    visitor = first_step(user)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert visitor.send(STEP, code=code())["Location"] == reverse("account_login")
    assert not is_signed_in(visitor)


def test_back_to_sign_in_forgets_the_first_step(user: User) -> None:
    give_app(user)
    visitor = first_step(user)
    assert visitor.get(reverse("account_login"))["Location"] == reverse(STEP)
    visitor.send("mfa_cancel")
    assert visitor.get(reverse("account_login")).status_code == 200
    assert visitor.send(STEP, code=code())["Location"] == reverse("account_login")


def test_another_users_first_step_takes_no_code_of_mine(user: User) -> None:
    other = UserFactory()
    give_passkey(other)
    give_app(user)
    visitor = first_step(other)
    visitor.send(STEP, code=code())
    assert not is_signed_in(visitor)


def test_sign_in_again_asks_for_the_factor_too(user: User) -> None:
    give_app(user)
    visitor = first_step(user)
    visitor.send(STEP, code=code(ahead=-1))
    before = visitor.session.session_key
    assert visitor.send("account_sign_in_again", password=PASSWORD).status_code == 200
    assert visitor.send("account_sign_in_again", code=code()).status_code == 200
    assert visitor.session.session_key == before
    visitor.send("account_sign_in_again", password=PASSWORD, code=code())
    assert visitor.session.session_key != before
    assert Token.objects.filter(revoked_at=None).count() == 1


def test_a_deleted_user_who_comes_back_has_no_factor(user: User) -> None:
    give_app(user)
    users.delete(user, None)
    assert is_signed_in(first_step(user)) is False
    back = users.create(user.username, "", User.Role.USER, None)
    assert not back.authenticator_set.exists()


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_one_code_one_succeeds(user: User) -> None:
    give_app(user)
    visitors, typed = [first_step(user) for _ in range(4)], code()
    threads = [threading.Thread(target=visitor.send, args=[STEP], kwargs={"code": typed}) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(map(is_signed_in, visitors)) == 1
