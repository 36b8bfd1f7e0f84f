"""The first administrator's made-up password: on a terminal, or in a file that no other user can read, and never in a log."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from portal.users import first_administrator
from portal.users.models import User
from tests.factories import UserFactory
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
NEW = "another-horse-battery"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def prepared(output: io.StringIO) -> str:
    call_command("prepare_portal", stdout=output)
    return output.getvalue()


def test_a_terminal_shows_the_password_and_no_file_is_written() -> None:
    said = prepared(Terminal())
    password = said.splitlines()[0].split()[-1]
    assert User.objects.get().check_password(password)
    assert not first_administrator.path().exists()
    assert prepared(Terminal()) == ""


def test_what_is_no_terminal_gets_a_file_that_nobody_else_can_read(caplog: pytest.LogCaptureFixture) -> None:
    said = prepared(io.StringIO())
    file = first_administrator.path()
    password = file.read_text().strip()
    assert User.objects.get().check_password(password)
    assert password not in said + caplog.text
    assert str(file) in caplog.text
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_changed_password_deletes_the_file_and_another_users_does_not() -> None:
    prepared(io.StringIO())
    file = first_administrator.path()
    for user, left in ((UserFactory(), True), (User.objects.get(role="administrator"), False)):
        user.set_password("old-horse-battery")
        user.save()
        visitor = Visitor(user)
        visitor.send("account_change_password", oldpassword="old-horse-battery", password1=NEW, password2=NEW)
        user.refresh_from_db()
        assert user.check_password(NEW)
        assert file.exists() is left


def test_the_file_is_made_anew_and_never_readable_by_others(tmp_path: Path) -> None:
    """Also where a file of that name is there already."""
    (tmp_path / "first_administrator_password").write_text("x")
    file = first_administrator.keep("secret")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("secret\n", 0o600)
