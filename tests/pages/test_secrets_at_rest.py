"""After everything that can be done with tokens, no token's text is left: not in the database, a session, a log, a mail or a file."""

import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as product
from django.contrib.sessions.models import Session
from django.core import mail as outbox
from django.db import connection
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.logging import RedactingFormatter
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.users.models import User
from tests import checks
from tests.api.asgi_client import FORM, ask
from tests.api.caller import Caller
from tests.cli import VERIFIER, confirm, exchange
from tests.factories import PASSWORD
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import token_format
from tokens.expiry import scan as expiry
from tokens.models import Token
from tokens.verification import usage as uses
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "a-staple-of-batteries"
WINDOW = 8  # characters of a random part that must not be found together: 62^8 of them, so no accident


def sign_in(user: User) -> tuple[Visitor, str]:
    """Through the form; and the temporary token that the eye button shows."""
    visitor = Visitor(raise_request_exception=False)
    visitor.send("account_login", login=user.username, password=PASSWORD)
    answer = visitor.post(reverse("tokens:temporary"), headers={"Accept": "application/json"})
    return visitor, json.loads(answer.content)["token"]


def make_tokens(visitor: Visitor, owner: User) -> list[str]:
    """By each of the three ways, each form sent twice, with htmx and without."""
    texts = []
    day = timezone.now() + timedelta(days=5)
    for htmx in ("", "pane"):
        visitor.htmx = htmx
        for name, args in (("tokens:create", [owner.username]), ("tokens:create_own", []), ("tokens:add_own", [])):
            form = visitor.see(name, *args)
            data = {"name": f"{name} {htmx}", "request_id": form.value("request_id"), "expires": f"{day:%Y-%m-%d}"}
            texts.append(Page(visitor.send(name, *args, **data)).one(id="token-secret").text)
            assert visitor.send(name, *args, **data).status_code == 422
    visitor.htmx = ""
    return texts


def misuse(visitor: Visitor, texts: list[str]) -> None:
    """Puts tokens where they do not belong: in searches, names, logs. What was typed so is refused or redacted."""
    for text in texts:
        assert visitor.get(reverse("tokens:all"), {"q": text}).status_code == 302
        assert isinstance(checks.verification_result(text, timezone.now()), Token | RejectionReason)
        logging.getLogger("tokens").warning("somebody logged %s", text)
        visitor.get(f"/no/such/page/{text}/")


def use_the_api(administrator: User, owner: User) -> list[str]:
    """Makes a token by the API (sent twice with one key), asks about it in every way, and ends it."""
    caller = Caller(administrator)
    sent = {"name": "by the API"}
    first, again = (caller.call("POST", f"/users/{owner.username}/tokens", sent, Idempotency_Key="key") for _ in "12")
    text = first.json()["secret"]
    assert "secret" not in again.json()
    asked = {"headers": {"Authorization": f"Bearer {caller.text}"}}
    assert ask("/verify", f"Bearer {text}").status == 204
    form = urlencode({"token": text}).encode()
    assert b'"active": true' in ask("/oauth/introspect", f"Bearer {caller.text}", "POST", form, CONTENT_TYPE=FORM).body
    assert caller.post("/oauth/revoke", form, content_type=FORM, **asked).status_code == 200
    assert caller.call("GET", f"/tokens/{text}").status_code == 404
    assert ask("/verify", f"Bearer {text}", QUERY_STRING=f"token={text}").status == 401
    uses.flush(timezone.now())
    return [caller.text, text]


def sign_in_a_program(visitor: Visitor, temporary: str) -> list[str]:
    """A command-line tool gets the session's token, in exchange for a code that cannot be used again."""
    code = confirm(visitor)["code"]
    assert exchange(code).json()["access_token"] == temporary
    assert exchange(code).status_code == 400
    return [code, VERIFIER]


def live_through_everything(administrator: User, person: User) -> list[str]:
    """Returns the text of every token that there was, and what a program showed to get one."""
    config.add("token_expiration_days", "15", Actor(administrator))
    config.add("token_expiration_emails", "ops@example.com", Actor(administrator))
    visitor, temporary = sign_in(administrator)
    _other, theirs = sign_in(person)
    permanent = make_tokens(visitor, person)
    by_the_api = use_the_api(administrator, person)
    by_a_program = sign_in_a_program(visitor, temporary)
    expiry.scan(timezone.now(), "schedule")
    visitor.send("users:create", username="carol@example.com", display_name="", role="user")
    assert delivery.deliver(timezone.now()) == (9, 0), "digest, invitation, three tokens for somebody else and four for oneself"
    misuse(visitor, [temporary, *permanent])
    visitor.send("tokens:revoke", Token.objects.permanent().filter(user=administrator).first().pk)
    visitor.send("users:deactivate", person.username)
    visitor.send("account_change_password", oldpassword=PASSWORD, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    for url in ("profile", "users:list", "tokens:all", "faults:list", "settings:config", "admin:tokens_token_changelist"):
        assert visitor.see(url).status == 200
    return [temporary, theirs, *permanent, *by_the_api, *by_a_program]


def database() -> str:
    """Every row of every table, as the database has it; bytes as text and as hexadecimal digits."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows.extend(cursor.fetchall())
    cells = [bytes(cell) if isinstance(cell, memoryview | bytes) else cell for row in rows for cell in row]
    return "\n".join(f"{cell.decode('latin-1')} {cell.hex()}" if isinstance(cell, bytes) else str(cell) for cell in cells)


def sessions() -> str:
    return "\n".join(json.dumps(session.get_decoded(), default=str) for session in Session.objects.all())


def mails() -> str:
    return "\n".join(message.message().as_string() + message.body for message in outbox.outbox)


def files() -> str:
    """The data directory (broker, mail), without the database itself, which is read by its rows."""
    paths = [path for path in Path(product.DATA_DIR).rglob("*") if path.is_file() and "sqlite" not in path.name]
    return "\n".join(path.read_bytes().decode("latin-1") for path in paths)


def parts(text: str) -> list[str]:
    """Every piece of the random part that is WINDOW characters long."""
    random = text[len(token_format.PERMANENT) : -token_format.CHECK_LENGTH]
    return [random[start : start + WINDOW] for start in range(len(random) - WINDOW + 1)]


def found_in(place: str, texts: list[str]) -> list[str]:
    return [text for text in texts if any(part in place for part in parts(text))]


@pytest.fixture
def formatted(caplog: pytest.LogCaptureFixture) -> Any:
    """The log as the product's handler writes it."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    formatter = next(each for each in formatters if isinstance(each, RedactingFormatter))
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(formatter.format(record) for phase in ("setup", "call") for record in caplog.get_records(phase))


@pytest.fixture
def life(administrator: User, person: User, formatted: Any) -> list[str]:
    return live_through_everything(administrator, person)


def test_no_part_of_any_token_is_left_anywhere(life: list[str], formatted: Any, administrator: User) -> None:
    places = {"database": database(), "sessions": sessions(), "mails": mails(), "files": files(), "log": formatted()}
    assert len(set(life)) == 12
    for name, place in places.items():
        assert found_in(place, life) == [], name
    # The places were really read: each of them holds what it should.
    assert token_format.digest(life[0]).hex() in places["database"]
    assert str(administrator.pk) in places["sessions"]
    assert "ops@example.com" in places["mails"]
    assert "somebody logged tpp_[redacted]" in places["log"]
    assert "/no/such/page/tpt_[redacted]/" in places["log"]


def test_a_search_for_a_part_finds_it_where_it_is() -> None:
    text = token_format.generate()
    assert found_in(f"... {text[10:18]} ...", [text, token_format.generate()]) == [text]


def test_what_is_stored_of_a_sent_mail_has_no_link_that_sets_a_password(life: list[str]) -> None:
    assert "/accounts/password/reset/" in mails()
    assert "/accounts/password/reset/" not in database()
    assert set(Message.objects.values_list("content", flat=True)) == {None}


def test_no_password_is_stored_or_logged(life: list[str], formatted: Any) -> None:
    for place in (database(), sessions(), mails(), files(), formatted()):
        assert PASSWORD not in place
        assert NEW_PASSWORD not in place


def test_a_tokens_own_words_for_itself_hide_its_text(life: list[str]) -> None:
    words = "".join(f"{token} {token!r} {vars(token)}" for token in Token.objects.all())
    assert found_in(words, life) == []
    assert re.findall(r"tpp_…\w{4}", words)
