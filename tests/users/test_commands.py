"""`changepassword` and `createsuperuser`: a way back in from the command line, by the portal's own rules."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from portal.management.commands import changepassword
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, ServiceFactory, UserFactory
from tests.one_time_links import use
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
NEW = "a-staple-of-batteries"


def run(monkeypatch: pytest.MonkeyPatch, *words: str, typed: tuple[str, ...] = (NEW, NEW)) -> str:
    answers = iter(typed)
    monkeypatch.setattr(changepassword, "getpass", lambda prompt: next(answers))
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_a_lost_password_is_replaced_whatever_the_case_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    user = AdministratorFactory(username="Admin@Example.com")
    stamp = user.session_stamp
    assert run(monkeypatch, "changepassword", "admin@example.COM") == "Password of Admin@Example.com changed.\n"
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert user.session_stamp != stamp


@pytest.mark.parametrize(
    ("typed", "words"),
    [((NEW, "other"), "The two passwords differ"), (("short", "short"), "too short"), (("12345678901", "12345678901"), "numeric")],
)
def test_a_bad_password_changes_nothing(typed: tuple[str, str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    with pytest.raises(CommandError, match=words):
        run(monkeypatch, "changepassword", user.username, typed=typed)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_who_cannot_sign_in_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for user in (ServiceFactory(), UserFactory(is_active=False)):
        with pytest.raises(CommandError, match="can't sign in"):
            run(monkeypatch, "changepassword", user.username)
    with pytest.raises(CommandError, match="There is no user named nobody"):
        run(monkeypatch, "changepassword", "nobody")


def test_a_link_from_the_command_line_sets_a_password_once(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    user = AdministratorFactory(username="root", email="")
    link = run(monkeypatch, "changepassword", "root", "--link", typed=()).strip()
    assert link.startswith(f"{settings.PORTAL_URL}/accounts/password/reset/")
    path, visitor = link.removeprefix(settings.PORTAL_URL), Visitor()
    use(path, visitor=visitor)
    assert User.objects.get(pk=user.pk).check_password(NEW)
    assert use(path).all("input", type="password") == []
    for _ in range(6):  # strangers
        Visitor().send("account_login", login="root", password="wrong")
    assert visitor.send("account_login", login="root", password=NEW).status_code == 302


def test_createsuperuser_creates_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "createsuperuser", "jane@example.com") == "Administrator jane@example.com created.\n"
    user = User.objects.get()
    assert (user.role, user.kind, user.email, user.check_password(NEW)) == ("administrator", "person", "jane@example.com", True)


def test_createsuperuser_keeps_the_rules_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    UserFactory(username="jane@example.com")
    for name, words in (("JANE@example.com", "already exists"), ("jane@examplecom", "not a valid email"), ("add", "reserved")):
        with pytest.raises(CommandError, match=words):
            run(monkeypatch, "createsuperuser", name)
    assert User.objects.count() == 1
