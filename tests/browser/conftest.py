"""A signed-in browser on a live portal, watched: whatever its pages complain about fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.users.models import User
from tests.browser.sample_data import create_sample_data
from tests.browser.watching import REPORT_VIOLATIONS, Visit, Watch
from tests.factories import AdministratorFactory

expect.set_options(timeout=30_000)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], live_server: LiveServer) -> dict[str, Any]:
    return {**browser_context_args, "base_url": live_server.url}


@pytest.fixture
def context(context: BrowserContext, watch: Watch) -> Iterator[BrowserContext]:
    """pytest-playwright's, with an eye on every page in it."""
    context.set_default_timeout(30_000)
    context.add_init_script(REPORT_VIOLATIONS)
    context.on("page", watch.follow)
    yield context
    assert not watch.left(), "\n".join(watch.left())


@pytest.fixture
def administrator(transactional_db: None) -> User:
    return AdministratorFactory(username="anna@example.com", display_name="Anna Berg")


@pytest.fixture
def furnished(administrator: User) -> User:
    return create_sample_data(administrator)


def sign_in(context: BrowserContext, user: User, address: str) -> None:
    """Gives the browser the cookie of a new session, as the sign-in page does (which has tests of its own)."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address, "httpOnly": True}])


@pytest.fixture
def visit(page: Page, live_server: LiveServer) -> Visit:
    """Signs a user in, and opens a page as that user."""

    def visit(user: User, path: str = "/") -> Page:
        sign_in(page.context, user, live_server.url)
        page.goto(path)
        return page

    return visit


@pytest.fixture
def portal(visit: Visit, administrator: User) -> Page:
    """The portal with a signed-in administrator on the Profile, from where a test clicks its way."""
    return visit(administrator, reverse("profile"))
