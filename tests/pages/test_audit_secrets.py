"""Nothing by which anybody could sign in is on the audit trail's page, on an entry's, in its files or in its feed."""

import json
from collections.abc import Iterator

import pytest
from django.conf import settings as product
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.second_factor import services as second_factor
from portal.sessions import services as sessions
from portal.sessions.models import SignIn
from portal.users import services as users
from portal.users.models import User
from tests.api.caller import Caller
from tests.cli import VERIFIER, confirm, exchange, poll, request_device_login
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.one_time_links import NEW_PASSWORD, ask_for_reset, sent_link, use
from tests.pages.visitor import Visitor
from tests.second_factor.steps import SECRET, first_step, give_app, give_passkey
from tokens import token_format

pytestmark = [pytest.mark.field, pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
WRONG, SEARCHED = "my-wrong-password-1", "what-was-searched-for"
SEEN = {
    *("signed_in", "sign_in_failed", "throttled", "signed_out", "session_ended", "reset_requested", "password_reset"),
    *("invitation_accepted", "invitation_link", "password_changed", "token_revealed", "cli_sign_in", "device_requested"),
    *("device_approved", "calendar_link", "list_exported", "factor_added", "factor_failed", "recovery_codes_created"),
    *("recovery_code_used", "token.created", "user.created", "setting.created"),
}


def passwords(user: User) -> list[str]:
    """Failed, throttled and successful sign-ins, a reset, an invitation, a change."""
    for typed in ("a password in the wrong field", *[user.username] * 11):
        Visitor(REMOTE_ADDR="203.0.113.7").send("account_login", login=typed, password=WRONG)
    other = UserFactory()
    ask_for_reset(other.email)
    reset = sent_link()
    use(reset)
    users.create("new@example.com", "", "user", None)
    invitation = sent_link()
    visitor = use_link(invitation)
    visitor.send("account_change_password", oldpassword=NEW_PASSWORD, password1=PASSWORD, password2=PASSWORD)
    return [WRONG, "wrong field", PASSWORD, NEW_PASSWORD, *(link.rstrip("/").rpartition("-")[2] for link in (reset, invitation))]


def use_link(link: str) -> Visitor:
    visitor = Visitor()
    use(link, visitor=visitor)
    visitor.send("account_login", login="new@example.com", password=NEW_PASSWORD)
    return visitor


def revealed_by(visitor: Visitor, name: str) -> dict[str, str]:
    return json.loads(visitor.post(reverse(name), headers={"Accept": "application/json"}).content)


def tokens(administrator: User) -> list[str]:
    """A temporary token that is revealed and handed to programs, a permanent one that acts, a calendar, a session that ends."""
    visitor = first_step(UserFactory())
    revealed = revealed_by(visitor, "tokens:temporary")["token"]
    program = confirm(visitor)["code"]
    exchange(program)
    device = request_device_login()
    visitor.send("tokens:device_approve", confirmed=device["user_code"])
    poll(device["device_code"])
    visitor.send("tokens:calendar_on")
    calendar = revealed_by(visitor, "tokens:calendar_show")["link"].partition("/calendar/")[2].partition(".ics")[0]
    keys = [visitor.session.session_key]
    visitor.send("account_logout")
    caller = Caller()
    caller.text = issue(administrator, "ci", actor=administrator)[1]
    secret = caller.call("POST", f"/users/{administrator.username}/tokens", {"name": "by the API"}).json()["secret"]
    ended = first_step(UserFactory())
    keys.append(ended.session.session_key)
    sessions.end(SignIn.objects.latest("pk"), Actor(administrator), timezone.now())
    codes = [program, VERIFIER, device["user_code"], device["device_code"]]
    return [*(text[4:36] for text in (revealed, caller.text, secret)), *codes, calendar, *keys]


def second_factors() -> list[str]:
    user = UserFactory()
    first = give_app(user)
    recovery = second_factor.new_recovery_codes(user, Actor(user), timezone.now())
    give_passkey(user)
    visitor = first_step(user)
    visitor.send("mfa_authenticate", code="000000")
    visitor.send("mfa_authenticate", code=recovery[0])
    return [SECRET, *first, *recovery]


@pytest.fixture
def secrets() -> list[str]:
    administrator = AdministratorFactory()
    visitor = first_step(administrator)
    config.add("session_minutes", "480", Actor(administrator))
    users.create("invited@example.com", "", "user", None)
    visitor.send("users:invitation_link", "invited@example.com")
    typed = token_format.generate()
    for text in (typed, SEARCHED):
        visitor.get(f"/administrator/users/?format=csv&q={text}")
    key = visitor.cookies[product.SESSION_COOKIE_NAME].value
    return [*passwords(UserFactory()), *tokens(administrator), *second_factors(), typed[4:36], SEARCHED, key]


def shown(reader: Visitor) -> Iterator[tuple[str, str]]:
    """Every form in which entries are shown, by its address."""
    caller = Caller(AdministratorFactory())
    for address in ("?per_page=100", "?per_page=100&page=2", "?format=csv", "?format=ndjson"):
        response = reader.get(f"{reverse('audit:list')}{address}")
        yield address, response.getvalue().decode() if response.streaming else response.content.decode()
    for entry in Entry.objects.all():
        yield str(entry), reader.see("audit:entry", entry.pk).source
    yield "feed", caller.call("GET", "/audit").content.decode()


def test_no_secret_is_shown_of_any_event(secrets: list[str], as_operator: Visitor) -> None:
    assert set(Entry.objects.values_list("event", flat=True)) >= SEEN
    assert all(len(secret) >= 6 for secret in secrets), secrets
    for address, text in shown(as_operator):
        assert [secret for secret in secrets if secret in text] == [], address
