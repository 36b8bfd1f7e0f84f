"""One-time links and new passwords that meet something else at the same moment."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.core.actors import Actor
from portal.users import account_views, links, passwords, services
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.one_time_links import NEW_PASSWORD
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.racing import race, widen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("running_clock")]
ANOTHER = "another-staple-of-batteries"


def opened(user: User) -> Visitor:
    visitor = Visitor()
    visitor.get(links.link(user), follow=True)
    return visitor


def send(visitor: Visitor, user: User, password: str) -> int:
    form = reverse("account_reset_password_from_key", args=[links.user_pk_to_url_str(user), account_views.AT_FORM])
    return visitor.post(form, {"password1": password, "password2": password}).status_code


def test_of_two_forms_of_one_link_at_once_one_sets_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    one, other = opened(user), opened(user)
    widen(monkeypatch, account_views.ResetPasswordKeyForm, "save")
    answers = race(lambda: send(one, user, NEW_PASSWORD), lambda: send(other, user, ANOTHER))
    assert sorted(answers) == [200, 302]
    winner = (NEW_PASSWORD, ANOTHER)[answers.index(302)]
    assert User.objects.get().check_password(winner)


def test_a_link_used_while_its_user_is_deactivated_sets_nothing_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    user, actor = UserFactory(), AdministratorFactory()
    visitor = opened(user)
    widen(monkeypatch, account_views.ResetPasswordKeyForm, "save")
    widen(monkeypatch, services.audit, "record")
    answers = race(lambda: send(visitor, user, NEW_PASSWORD), lambda: services.deactivate(user, Actor(actor)))
    after = User.objects.get(pk=user.pk)
    assert answers[1] is None
    assert not after.is_active
    assert after.check_password(NEW_PASSWORD) is (answers[0] == 302)
    assert Page(visitor.get(links.link(after))).one("h1").text == "This link no longer works"


def test_of_two_new_passwords_at_once_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    widen(monkeypatch, services.emails, "queue_password_changed")
    rows = [User.objects.get(), User.objects.get()]
    results = race(
        lambda: passwords.set_password(rows[0], NEW_PASSWORD, Actor(rows[0]), timezone.now()),
        lambda: passwords.set_password(rows[1], ANOTHER, Actor(rows[1]), timezone.now()),
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "ServiceError"]
    user.refresh_from_db()
    assert user.check_password((NEW_PASSWORD, ANOTHER)[results.index(None)])
    assert not user.check_password(PASSWORD)
