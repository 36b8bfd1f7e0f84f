"""A new SECRET_KEY: while the former one is in SECRET_KEY_FALLBACKS, nothing ends that it derived or signed; without, all of it ends."""

import ast
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.audit import sealing, verification
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.second_factor import encryption
from portal.users import devices, links
from portal.users import services as users
from portal.users.models import User
from tests.api.caller import Caller
from tests.cli import confirm, exchange
from tests.factories import PASSWORD, AdministratorFactory, TokenFactory, UserFactory, issue
from tests.one_time_links import NEW_PASSWORD
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import sessions
from tokens.calendar import links as calendar
from tokens.cli_login import device
from tokens.models import Token
from tokens.verification.verify import Rejected, verify

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
ROOT = Path(__file__).resolve().parent.parent
NEW_KEY = "a new key of the portal, of some length too"
Works = Callable[[], bool]


def signed_in() -> Visitor:
    visitor = Visitor()
    visitor.send("account_login", login=AdministratorFactory().username, password=PASSWORD)
    return visitor


def status(response: Any) -> int:
    return response.status_code


def session() -> Works:
    visitor = signed_in()
    return lambda: visitor.see("profile").status == 200


def temporary_token() -> Works:
    signed_in()
    text = sessions.reveal(Token.objects.get())
    return lambda: not isinstance(verify(text, timezone.now()), Rejected) and sessions.reveal(Token.objects.get()) == text


def toast_that_waits() -> Works:
    visitor = signed_in()
    visitor.send("tokens:calendar_on")
    return lambda: visitor.see("profile").toasts != []


def link_in_an_email() -> Works:
    path = links.link(UserFactory()).removeprefix(product.PORTAL_URL)
    return lambda: bool(Page(Visitor().get(path, follow=True)).all("input", type="password"))


def link_that_was_opened() -> Works:
    visitor = Visitor()
    path = links.link(UserFactory()).removeprefix(product.PORTAL_URL)
    form = Page(visitor.get(path, follow=True)).one("form").attributes["action"]
    return lambda: status(visitor.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})) == 302


def calendar_link() -> Works:
    user = UserFactory()
    text = calendar.reveal(calendar.switch_on(Actor(user), timezone.now()))
    return lambda: calendar.find(text) == user


def command_line_code() -> Works:
    code = confirm(signed_in())["code"]
    return lambda: status(exchange(code)) == 200


def device_code() -> Works:
    code = device.start("deploy tool", Actor(None), timezone.now()).user_code

    def is_found() -> bool:
        with suppress(ServiceError):
            return device.find(code, timezone.now()) is not None
        return False

    return is_found


def page_of_a_list() -> Works:
    caller = Caller("administrator")
    TokenFactory.create_batch(3)
    cursor = caller.call("GET", "/tokens", {"limit": 2}).json()["next"]
    return lambda: status(caller.call("GET", "/tokens", {"limit": 2, "cursor": cursor})) == 200


def known_browser() -> Works:
    visitor = signed_in()
    user = User.objects.get()
    cookie = visitor.cookies[product.DEVICE_COOKIE_NAME].value
    return lambda: devices.device_id(cookie, user) is not None


def authenticator_app() -> Works:
    stored = encryption.encrypt("JBSWY3DPEHPK3PXP")

    def can_be_read() -> bool:
        with suppress(encryption.Unreadable):
            return encryption.decrypt(stored) == "JBSWY3DPEHPK3PXP"
        return False

    return can_be_read


def audit_trail() -> Works:
    users.create("carol@example.com", "", "user", None)
    sealing.seal_all(timezone.now())
    return lambda: sealing.seal_all(timezone.now()) and not list(verification.verify())


KEYED = [
    session,
    temporary_token,
    toast_that_waits,
    link_in_an_email,
    link_that_was_opened,
    calendar_link,
    command_line_code,
    device_code,
    page_of_a_list,
    known_browser,
    audit_trail,
    authenticator_app,
]


def permanent_token() -> Works:
    text = issue()[1]
    return lambda: not isinstance(verify(text, timezone.now()), Rejected)


def repeated_request() -> Works:
    caller = Caller("administrator")
    call = lambda: caller.call("POST", f"/users/{caller.user.username}/tokens", {"name": "once"}, Idempotency_Key="key")  # noqa: E731
    call()
    return lambda: call().headers.get("Idempotent-Replayed") == "true"


def form_that_is_open() -> Works:
    visitor = Visitor(enforce_csrf_checks=True)
    form = visitor.see("account_reset_password")
    data = {"email": "a@example.com", "csrfmiddlewaretoken": form.value("csrfmiddlewaretoken")}
    return lambda: status(visitor.post(reverse("account_reset_password"), data)) == 302


KEYLESS = [permanent_token, repeated_request, form_that_is_open]


def rotate(settings: Settings, fallbacks: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if fallbacks else []
    settings.SECRET_KEY = NEW_KEY


@pytest.mark.parametrize("made", KEYED + KEYLESS)
def test_nothing_ends_while_the_former_key_is_a_fallback(made: Callable[[], Works], settings: Settings) -> None:
    works = made()
    rotate(settings, fallbacks=True)
    assert works()


@pytest.mark.parametrize("made", KEYED)
def test_a_key_that_leaked_takes_with_it_what_it_made(made: Callable[[], Works], settings: Settings) -> None:
    works = made()
    rotate(settings, fallbacks=False)
    assert not works()


@pytest.mark.parametrize("made", KEYLESS)
def test_what_needs_no_key_outlives_it(made: Callable[[], Works], settings: Settings) -> None:
    works = made()
    rotate(settings, fallbacks=False)
    assert works()


@pytest.mark.parametrize("made", [session, calendar_link])
def test_what_is_used_during_the_rotation_goes_on_after_it(made: Callable[[], Works], settings: Settings) -> None:
    works = made()
    rotate(settings, fallbacks=True)
    works()
    settings.SECRET_KEY_FALLBACKS = []
    assert works()


USES_THE_KEY = re.compile(r"\bSECRET_KEY|\bsalted_hmac\b|\bderived_secrets\b|\bsigning\b|Signer\b|TokenGenerator\b")


def test_whatever_uses_the_key_is_tried_here() -> None:
    """A file that is new in this list needs a case above."""
    sources = [
        path for app in ("portal", "tokens", "settings_app") for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
    ]
    found = {str(path.relative_to(ROOT)) for path in sources if USES_THE_KEY.search(without_words(path))}
    assert found == {
        "portal/env/__init__.py",  # reads it
        "portal/settings.py",
        "portal/core/derived_secrets.py",
        "portal/env/providers.py",  # "signing" is what SAML calls a certificate's use
        "portal/sso/saml.py",
        "portal/audit/heads.py",
        "portal/audit/verification.py",  # names it in a message
        "portal/second_factor/encryption.py",  # secrets of authenticator apps
        "portal/users/models.py",  # sessions, temporary tokens
        "portal/users/links.py",
        "portal/users/devices.py",  # known browsers
        "portal/users/throttle.py",  # counts start again, as they do after minutes
        "portal/api/pagination.py",
        "tokens/sessions.py",  # temporary tokens
        "tokens/calendar/links.py",
        "tokens/cli_login/device.py",
        "tokens/models/cli_login.py",  # names it in a help text
    }


def without_words(path: Path) -> str:
    """The code alone: no comments, no docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return ast.unparse(tree)
