"""People who were invited: their status, another email, and a link that an administrator passes on."""

import pytest
from django.core import mail as sent_mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from portal.audit.models import Entry
from portal.audit.services import Event
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.users import invitations, services, throttle
from portal.users.models import User
from tests.clock import MINUTE
from tests.factories import AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory
from tests.one_time_links import sent_link, use
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db

GONE = "This link no longer works"
SET = "Your password is set"


@pytest.fixture
def carol() -> User:
    return services.create("carol@example.com", "Carol", User.Role.USER, None)


@pytest.fixture
def admin() -> Actor:
    return Actor(AdministratorFactory())


def heading(link: str) -> str:
    return use(link).one("h1").text


def latest(event: Event) -> Entry | None:
    return Entry.objects.filter(event=event.value).order_by("-pk").first()


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def test_each_user_has_one_status(carol: User) -> None:
    users = {
        "active": [UserFactory(), ServiceFactory()],
        "invited": [carol],
        "inactive": [UserFactory(is_active=False), ServiceFactory(is_active=False)],
    }
    gone = services.create("gone@example.com", "", User.Role.USER, None)
    services.deactivate(gone, None)
    users["inactive"].append(User.objects.get(pk=gone.pk))
    for status, members in users.items():
        assert {user.status for user in members} == {status}
        assert set(User.objects.in_status(status)) == set(members)


def test_setting_a_password_ends_the_invitation(carol: User) -> None:
    assert heading(sent_link()) == SET
    carol.refresh_from_db()
    assert carol.status == User.Status.ACTIVE


def test_another_invitation_ends_the_earlier_link_and_is_recorded(carol: User, admin: Actor) -> None:
    first = sent_link()
    invitations.resend(carol, admin, timezone.now())
    second = sent_link()
    assert len(sent_mail.outbox) == 2
    assert heading(first) == GONE
    assert heading(second) == SET
    entry = latest(Event.INVITATION_RESENT)
    assert entry is not None
    assert (entry.actor, entry.target_name) == (admin.user, carol.username)


def test_a_copied_link_is_the_only_one_that_works_and_is_stored_nowhere(carol: User, admin: Actor) -> None:
    emailed = sent_link()
    link = invitations.new_link(carol, admin, timezone.now())
    key = link.rstrip("/").rsplit("-", 1)[-1]
    assert not [row for model in (Entry, Message, User) for row in rows_of(model) if key in row]
    assert heading(emailed) == GONE
    assert heading(path_of(link)) == SET
    assert latest(Event.INVITATION_LINK).actor == admin.user  # type: ignore[union-attr]
    assert heading(path_of(link)) == GONE


def rows_of(model: type[Model]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")  # a table's name
        return [str(row) for row in cursor.fetchall()]


def test_an_invitation_queued_twice_sends_a_link_that_works(carol: User, admin: Actor) -> None:
    """Both emails are made when they are sent: after the second request."""
    invitations.resend(carol, admin, timezone.now())
    delivery.deliver(timezone.now())
    assert heading(sent_link()) == SET


@pytest.mark.parametrize("make", [UserFactory, ServiceFactory])
def test_only_invited_people_are_invited_again(make: type, admin: Actor) -> None:
    user = make()
    for service in (invitations.resend, invitations.new_link):
        with pytest.raises(ServiceError, match="has already set a password"):
            service(user, admin, timezone.now())


def test_somebody_who_has_been_deactivated_or_deleted_is_not_invited(carol: User, admin: Actor) -> None:
    now = timezone.now()
    services.deactivate(carol, None)
    with pytest.raises(ServiceError):
        invitations.new_link(carol, admin, now)
    services.delete(carol, None)
    with pytest.raises(ServiceError):
        invitations.resend(carol, admin, now)


def test_only_administrators_invite(carol: User) -> None:
    with pytest.raises(PermissionDenied):
        invitations.new_link(carol, Actor(OperatorFactory()), timezone.now())
    assert latest(Event.INVITATION_LINK) is None


def test_invitations_of_one_person_are_limited(carol: User, admin: Actor) -> None:
    now = timezone.now()
    for _ in range(3):
        invitations.resend(carol, admin, now)
    for _ in range(2):
        invitations.new_link(carol, admin, now)
    with pytest.raises(throttle.Throttled):
        invitations.new_link(carol, admin, now)
    assert invitations.new_link(carol, admin, now + 11 * MINUTE)


@pytest.mark.usefixtures("running_clock")
def test_the_page_offers_both_to_invited_people_only(carol: User) -> None:
    visitor = Visitor(user=AdministratorFactory())
    page = visitor.see("tokens:user_tokens", carol.username)
    assert "Status: Invited" in page.one(id="user-header").text
    assert {"Resend invitation", "Copy invitation link"} <= {link.text for link in page.all("a")}
    response = visitor.send("users:invitation_link", carol.username)
    assert "no-store" in response["Cache-Control"]
    assert "/accounts/password/reset/" in response.content.decode()
    assert visitor.send("users:resend_invitation", carol.username).status_code == 302
    person = UserFactory()
    page = visitor.see("tokens:user_tokens", person.username)
    assert not {"Resend invitation", "Copy invitation link"} & {link.text for link in page.all("a")}
    assert "has already set a password" in visitor.see("users:invitation_link", person.username).text
    assert "has already set a password" in visitor.see("users:resend_invitation", person.username).text


@pytest.mark.usefixtures("running_clock")
def test_nobody_is_offered_to_end_their_own_access() -> None:
    me = AdministratorFactory()
    AdministratorFactory()
    visitor = Visitor(user=me)
    page = visitor.see("tokens:user_tokens", me.username)
    assert not {"Deactivate", "Delete"} & {link.text for link in page.all("a")}
    assert "Update" in {link.text for link in page.all("a")}
    assert "You can't deactivate your own account." in visitor.see("users:deactivate", me.username).text
    assert "You can't delete your own account." in visitor.see("users:delete", me.username).text
