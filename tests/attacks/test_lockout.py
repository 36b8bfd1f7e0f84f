"""Strangers try passwords over HTTP, as fast as they can and from many addresses. The owner still gets in: in a browser that has signed
in before, and in a new one by a reset link, even at an address at which a script uses up every limit."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from portal.users.models import User
from tests.factories import PASSWORD, UserFactory
from tests.one_time_links import NEW_PASSWORD, sent_link
from tests.processes.serving import FORM, Server, environment, this_database

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
SIGN_IN, RESET, OFFICE = "/accounts/sign-in/", "/accounts/password/reset/", "203.0.113.9"
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    more = {"DJANGO_SETTINGS_MODULE": "tests.attacks.settings", "TRUSTED_PROXIES": "127.0.0.1"}
    with Server(environment(tmp_path / "portal", this_database(), **more)) as server:
        yield server.answers()


class Browser:
    """With its cookies, at the address that the proxy reports."""

    def __init__(self, server: Server, address: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.origin, self.address, self.cookies, self.page = server.address, address, SimpleCookie(), ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> int:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        headers = {"X-Forwarded-For": self.address, "Cookie": cookies, "Origin": self.origin} | (FORM if form else {})
        self.connection.request(method, path, urlencode(form) if form else None, headers)
        response = self.connection.getresponse()
        for value in response.headers.get_all("Set-Cookie") or []:
            self.cookies.load(value)
        self.page, self.location = response.read().decode(), response.headers.get("Location", "")
        return response.status

    def open(self, path: str) -> None:
        while self.ask("GET", path) == 302:
            path = self.location

    def send(self, path: str, **form: str) -> int:
        """As the page that is open sends it."""
        return self.ask("POST", path, {"csrfmiddlewaretoken": CSRF.findall(self.page)[0], **form})

    def sign_in(self, user: User, password: str) -> int:
        self.open(SIGN_IN)
        return self.send(SIGN_IN, login=user.username, password=password)


@contextmanager
def attack(server: Server, *addresses: Callable[[int], tuple[str, str]]) -> Iterator[Counter[int]]:
    """For each function a thread that tries passwords: at its n-th address, for the account that it names."""
    statuses, ended = Counter[int](), threading.Event()

    def run(place: Callable[[int], tuple[str, str]]) -> None:
        browser = Browser(server, "198.51.100.1")
        browser.open(SIGN_IN)
        page = browser.page
        for number in count():
            if ended.is_set():
                return
            browser.address, account = place(number)
            browser.page = page
            statuses[browser.send(SIGN_IN, login=account, password=f"wrong {number}")] += 1

    threads = [threading.Thread(target=run, args=(place,)) for place in addresses]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_owners_get_in_during_the_attack(server: Server) -> None:
    encoded = PBKDF2PasswordHasher().encode(PASSWORD, "salt")  # the tests' own hasher is not the server's
    owner, colleague = UserFactory(), UserFactory()
    User.objects.update(password=encoded)
    known, new = Browser(server, OFFICE), Browser(server, OFFICE)
    assert known.sign_in(owner, PASSWORD) == 302
    office = lambda n: (OFFICE, f"name{n}@example.com")  # noqa: E731
    one_account = lambda n: (f"198.51.{n % 200}.{n // 200 % 200}", owner.username)  # noqa: E731
    rotation = lambda n: (f"2001:db8:{n // 60000:x}:{n % 60000:x}::1", f"name{n}@example.com")  # noqa: E731
    with attack(server, office, one_account, rotation) as statuses:
        while statuses[429] < 40:
            new.open(SIGN_IN)
        assert new.sign_in(owner, PASSWORD) == 429
        assert new.sign_in(colleague, PASSWORD) == 429
        assert "reset your password" in new.page
        again = Browser(server, OFFICE)
        again.cookies = SimpleCookie({name: each.value for name, each in known.cookies.items() if "device" in name})
        assert again.sign_in(owner, PASSWORD) == 302
        for user in (owner, colleague):
            newer = Browser(server, OFFICE)
            newer.open(RESET)
            assert newer.send(RESET, email=user.email) == 302
            newer.open(sent_link())
            assert newer.send(newer_action(newer), password1=NEW_PASSWORD, password2=NEW_PASSWORD) == 302
            assert newer.sign_in(user, NEW_PASSWORD) == 302
    assert set(statuses) <= {200, 429}
    assert statuses[200] <= 10 + 5 + 60 + 60  # of the office, of the owner's account, and of the IPv6 sites in the minutes that it took


def newer_action(browser: Browser) -> str:
    return re.findall(r'<form[^>]* action="([^"]*set-password/)"', browser.page)[0]
