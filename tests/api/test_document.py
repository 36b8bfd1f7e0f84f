"""The OpenAPI document against what the API does: schemathesis makes requests from it, right and wrong ones, with each role's token,
and holds every answer against it. A 500 fails, and so does an answer that the document does not know."""

import os
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

import settings_app.services as config
from tests.api.asgi_client import ask
from tests.api.caller import API, Caller
from tests.factories import FaultFactory, TokenFactory, UserFactory

RUNS_ON = "postgres"


# What no schema can say (a name that is taken, a date that is over, a version that is not the row's) is 422, 409 or 412, for requests that
# fit the document too.
EXPECTED = ["2xx", "401", "403", "404", "409", "412", "422"]
CHECKS = {"positive_data_acceptance": {"expected-statuses": EXPECTED}}
# No code of a sign-in that is made up is valid, and not every text can be a program's name.
SIGN_INS = [
    {"include-path": path, "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "429"]}}}
    for path in ("/cli/token", "/oauth/device_authorization")
]
# At /verify every method does what GET does; at the metadata Django's CSRF check comes first.
ANY_METHOD = [
    {"include-path": path, "checks": {"unsupported_method": {"enabled": False}}}
    for path in ("/verify", "/.well-known/oauth-authorization-server")
]
CONFIG = SchemathesisConfig.from_dict({"checks": CHECKS, "operations": [*SIGN_INS, *ANY_METHOD]})
# Beside the cases that schemathesis derives from the document itself, about thirty an operation. PostgreSQL is the stricter one.
EXAMPLES = 10 if os.environ["TEST_DATABASE"] == "postgres" else 5
django = get_wsgi_application()


def portal(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The whole portal as a WSGI application, which schemathesis calls in the test's thread."""
    if environ["PATH_INFO"] not in ("/verify", "/oauth/introspect"):
        return django(environ, start_response)
    values = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_"))}
    authorization, body = values.pop("HTTP_AUTHORIZATION", None), environ["wsgi.input"].read()
    reply = ask(environ["PATH_INFO"], authorization, environ["REQUEST_METHOD"], body, **values)
    start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers.items()))
    return [reply.body]


schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", portal, config=CONFIG)


@pytest.fixture(autouse=True)
def kept_connection() -> Iterator[None]:
    """A request closes connections with an open transaction, as a test's is. Django's test client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# What the API does depends on the caller's role; of the token endpoints only introspection does, which asks for an administrator.
OPERATIONS = "^/api/"
generated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture
def rows(db: None) -> None:
    """Something of every kind is there to be found."""
    TokenFactory(user=UserFactory(username="a"))
    FaultFactory()
    config.add("session_minutes", "60", None)


@pytest.fixture(params=["user", "operator", "administrator"])
def caller(request: pytest.FixtureRequest, rows: None) -> Caller:
    return Caller(request.param)


@pytest.fixture
def administrator(rows: None) -> Caller:
    return Caller("administrator")


@schema.include(path_regex=OPERATIONS).parametrize()
@generated
def test_every_answer_is_one_that_the_document_knows(case: schemathesis.Case, caller: Caller) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {caller.text}"})


@schema.exclude(path_regex=OPERATIONS).parametrize()
@generated
def test_every_response_of_a_token_endpoint_is_in_the_document(case: schemathesis.Case, administrator: Caller) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {administrator.text}"})
