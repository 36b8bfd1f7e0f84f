"""Each entry says by which way it came, and has the id of its request, which the log and the response have too."""

from ipaddress import ip_network

import pytest
from celery.signals import task_prerun
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from portal.audit.models import Entry
from portal.audit.tasks import seal_entries
from portal.core import request_context
from portal.core.client_ip import trusted
from portal.users import services as users
from tests.api.caller import Caller
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


def test_a_page_names_the_request_that_the_response_names() -> None:
    user, visitor = UserFactory(), Visitor()
    response = visitor.send("account_login", login=user.username, password=PASSWORD)
    entry = Entry.objects.get(event="signed_in")
    assert (entry.channel, entry.request_id) == ("page", response["X-Request-Id"])
    assert len(entry.request_id) == 32


def test_the_api_and_the_command_line_are_told_apart() -> None:
    caller = Caller(AdministratorFactory())
    response = caller.call("POST", "/users", {"username": "robot", "role": "user"})
    entry = Entry.objects.get(event="user.created")
    assert (entry.channel, entry.request_id) == ("api", response["X-Request-Id"])
    users.create("carol@example.com", "", "user", None)
    assert Entry.objects.filter(event="user.created").latest("pk").channel == "command"


def test_a_task_has_its_id_and_leaves_no_context_behind() -> None:
    before = request_context.current()

    def record(**kwargs: object) -> None:
        users.create("carol@example.com", "", "user", None)

    task_prerun.connect(record, weak=False)
    try:
        result = seal_entries.apply()
    finally:
        task_prerun.disconnect(record)
    entry = Entry.objects.get(event="user.created")
    assert (entry.channel, entry.request_id) == ("task", result.id)
    assert request_context.current() == before


@pytest.mark.parametrize(("proxies", "kept"), [([], False), (["127.0.0.0/8"], True)])
def test_a_proxys_request_id_is_kept_and_a_clients_is_not(proxies: list[str], kept: bool, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network(each) for each in proxies]
    trusted.cache_clear()
    response = Client().get("/healthz", headers={"X-Request-Id": "abc-123"})
    trusted.cache_clear()
    assert (response["X-Request-Id"] == "abc-123") is kept
    assert Client().get("/healthz", headers={"X-Request-Id": "a b\x00"})["X-Request-Id"] != "a b\x00"


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/api/v1/tokens", "api"),
        ("/scim/v2/Users", "scim"),
        ("/oauth/token", "oauth"),
        ("/cli/token", "oauth"),
        ("/cli/", "page"),
        ("/", "page"),
    ],
)
def test_the_channel_of_an_address(path: str, channel: str) -> None:
    assert request_context.channel_of(path) == channel


def test_the_middleware_is_the_outermost() -> None:
    assert settings.MIDDLEWARE[0] == "portal.core.middleware.RequestContextMiddleware"
