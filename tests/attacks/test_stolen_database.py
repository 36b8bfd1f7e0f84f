"""Somebody has a copy of the database, as from a backup: no text in it opens anything at the portal."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.notifications.models import Message
from portal.second_factor import recovery
from portal.sessions.models import SignIn
from portal.users import links, session_store
from portal.users.models import User
from portal.users.session_store import SessionStore
from tests.cli import confirm, request_device_login
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.notifications.rejecting import queue
from tests.one_time_links import ask_for_reset, sent_link
from tests.pages.visitor import Visitor
from tests.second_factor.steps import SECRET, give_app
from tokens import sessions, token_format
from tokens.calendar import links as calendar
from tokens.cli_login import device
from tokens.models import DeviceLogin, SignInCode, Token
from tokens.verification.verify import Rejected, verify

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
SHORTEST, LONGEST = 8, 200


@pytest.fixture
def secrets() -> dict[str, str]:
    """Everything that opens something, in use all at once: what each is, and its text."""
    administrator, person, guest = AdministratorFactory(), UserFactory(), UserFactory()
    visitor, reader = Visitor(), Visitor()
    visitor.send("account_login", login=administrator.username, password=PASSWORD)
    visitor.send("tokens:calendar_on")
    ask_for_reset(guest.email)
    visitor.send("users:create", username="new@example.com", display_name="", role="user")
    reset = sent_link()
    reader.get(reset, follow=True)
    ask_for_reset(person.email)  # this one waits
    visitor.send("users:create", username="waiting@example.com", display_name="", role="user")
    owner = UserFactory()
    recovery_code = give_app(owner)[0].replace("-", "")
    return {
        "session": visitor.cookies[settings.SESSION_COOKIE_NAME].value,
        "session of an opened link": reader.cookies[settings.SESSION_COOKIE_NAME].value,
        "temporary token": sessions.reveal(Token.objects.get(kind="temporary", user=administrator)),
        "permanent token": issue(person)[1],
        "calendar": calendar.reveal(calendar.current(administrator)),
        "link": reset.rstrip("/").rpartition("/")[2],
        "code": confirm(visitor)["code"],
        "recovery code": recovery_code,
        **request_device_login(),
    }


def opened_by(text: str) -> set[str]:
    """What `text` opens, wherever it is shown. The verifier of a command-line tool, which no attacker has, is given for free."""
    now = timezone.now()
    found = {
        "session": bool(SessionStore(text).load()),
        "token": not isinstance(verify(text, now), Rejected),
        "calendar": calendar.find(text) is not None,
        "link": any(links.generator.check_token(user, key) for user in User.objects.all() for key in (text, text.partition("-")[2])),
        "code": SignInCode.objects.filter(digest=token_format.digest(text)).exists(),
        "device code": DeviceLogin.objects.filter(digest=token_format.digest(text)).exists(),
        "recovery code": any(recovery.use(row, text) for row in Authenticator.objects.filter(type="recovery_codes")),
        "user code": DeviceLogin.objects.filter(user_code_hash__in=device.hashes(text)).exists(),
    }
    return {what for what, opened in found.items() if opened}


def cells() -> Iterator[Any]:
    """Every value of every table, and the data of sessions, which is signed but not encrypted."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            yield from (cell for row in cursor.fetchall() for cell in row)
    for session in Session.objects.all():
        yield json.dumps(session.get_decoded(), default=str)


def texts() -> set[str]:
    """Each value and each of its words in every form in which it could be shown to the portal."""
    found = set()
    for cell in cells():
        if isinstance(cell, memoryview | bytes):
            raw = bytes(cell)
            whole = {raw.hex(), base64.urlsafe_b64encode(raw).decode().rstrip("="), base64.b64encode(raw).decode()}
        else:
            whole = {str(cell)}
        for text in whole:
            found |= {text, *re.split(r"[^\w.~+/=-]+", text), *re.split(r"\W+", text), *re.split(r"[^\w-]+", text)}
    return {text for text in found if SHORTEST <= len(text) <= LONGEST}


def what_a_copy_opens() -> dict[str, set[str]]:
    return {text: opened for text in texts() if (opened := opened_by(text))}


def test_every_secret_opens_what_it_is_for(secrets: dict[str, str]) -> None:
    assert {name: opened_by(text) for name, text in secrets.items()} == {
        "session": {"session"},
        "session of an opened link": {"session"},
        "temporary token": {"token"},
        "permanent token": {"token"},
        "calendar": {"calendar"},
        "link": {"link"},
        "code": {"code"},
        "recovery code": {"recovery code"},
        "device_code": {"device code"},
        "user_code": {"user code"},
    }


def test_no_text_in_a_copy_of_the_database_opens_anything(secrets: dict[str, str]) -> None:
    found = texts()
    assert len(found) > 300
    assert SignIn.objects.exists()
    assert Message.objects.filter(content__isnull=True).count() == Message.objects.count() >= 4
    assert found.isdisjoint(secrets.values())
    assert what_a_copy_opens() == {}


def test_the_key_of_an_authenticator_app_is_nowhere_to_be_read(secrets: dict[str, str]) -> None:
    visitor = Visitor(UserFactory())
    begun = visitor.see("mfa_add_totp").one(id="totp-secret").text.replace(" ", "")
    place = "\n".join(map(str, cells()))
    assert [key for key in (SECRET, begun) if key in place] == []


def test_not_even_a_part_of_a_secret_is_in_the_database_or_the_data_directory(secrets: dict[str, str]) -> None:
    files = [
        path.read_bytes().decode("latin-1") for path in Path(settings.DATA_DIR).rglob("*") if path.is_file() and ".sqlite" not in path.name
    ]
    place = "\n".join([*map(str, cells()), *texts(), *files])
    secrets["link"] = secrets["link"].rpartition("-")[2]  # whose it is and when it was made is no secret
    assert {name for name, text in secrets.items() for part in windows(text[4:-6]) if part in place} == set()


def windows(text: str, size: int = 10) -> list[str]:
    return [text[start : start + size] for start in range(len(text) - size + 1)]


def test_no_text_in_a_copy_is_taken_as_a_cookie(secrets: dict[str, str]) -> None:
    visitor = Visitor()
    for key in [secrets["session"], *Session.objects.values_list("session_key", flat=True)]:
        visitor.cookies[settings.SESSION_COOKIE_NAME] = key
        assert (visitor.get(reverse("profile")).status_code == 200) is (key == secrets["session"])


@pytest.mark.field
def test_sessions_stored_by_their_keys_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_store, "stored", lambda key: key)
    Visitor(UserFactory())
    assert {"session"} in what_a_copy_opens().values()


@pytest.mark.field
def test_a_link_in_a_stored_email_would_be_found() -> None:
    queue("b@example.com", text=f"Here: {links.link(UserFactory())} .")
    assert {"link"} in what_a_copy_opens().values()


def test_every_table_was_read() -> None:
    with connection.cursor() as cursor:
        names = set(connection.introspection.table_names(cursor))
    assert {model._meta.db_table for model in apps.get_models()} <= names
