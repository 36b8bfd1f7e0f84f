"""docs/operations.md's configuration in a real nginx, before a real portal: a browser signs in over HTTPS, and is sent there from http."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, BrowserContext, expect

from portal.users.models import User
from tests.factories import PASSWORD, UserFactory
from tests.gateway.tls import proxy
from tests.ports import free_port
from tests.processes.running import until
from tests.processes.serving import Server, environment, this_database

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(transactional_db: None, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The portal's https address, and the port on which the proxy speaks plain http."""
    plain, tls = free_port(), free_port()
    url = f"https://localhost:{tls}"
    portal = environment(tmp_path, this_database(), PORTAL_URL=url.upper(), TRUSTED_PROXIES="127.0.0.1", DEBUG="true")
    with Server(portal) as server, proxy(tmp_path, server.port, plain, tls):
        server.answers()
        yield url, plain


@pytest.fixture
def context(browser: Browser, address: tuple[str, int]) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True, base_url=address[0])
    yield context
    context.close()


def redirection(port: int) -> str | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/profile/", headers={"Host": "localhost"})
        return connection.getresponse().getheader("Location")
    except OSError:
        return None
    finally:
        connection.close()


def test_a_browser_signs_in_over_https(context: BrowserContext, address: tuple[str, int]) -> None:
    url, plain = address
    assert until(lambda: redirection(plain), "redirection to https") == f"{url}/profile/"
    person = UserFactory(username="jane@example.com")
    # The portal has Django's password hashers, not those of the tests.
    User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "some salt for this test"))
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username or email").fill(person.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    assert cookies.keys() >= {"__Host-portal_session", "__Host-portal_csrf"}
    for name, cookie in cookies.items():
        assert name.startswith("__Host-portal_")
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"], cookie["domain"]) == (True, True, "/", "localhost")
