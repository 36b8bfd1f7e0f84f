"""A client and a test suite for SCIM that others wrote (scim2-client, scim2-tester), against the portal's server."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import Group, PatchOp, ScimPolicy, ScimProvider, SearchRequest, User
from scim2_tester import Status, check_server

from tests.factories import ServiceFactory, issue
from tests.processes.serving import Server, environment, this_database

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
Environ = dict[str, Any]


def over_http(server: Server) -> Callable[[Environ, Any], Iterable[bytes]]:
    """A WSGI application that sends each request on to the server: the client speaks WSGI."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        headers |= {name.replace("_", "-"): environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
        url = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(environ["REQUEST_METHOD"], url, environ["wsgi.input"].read(), headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        start_response(f"{response.status} {response.reason}", response.getheaders())
        return [body]

    return application


@pytest.fixture
def client(transactional_db: None, tmp_path: Path) -> Iterator[WSGISCIMClient]:
    _, text = issue(ServiceFactory(may_provision=True), "scim")
    with Server(environment(tmp_path, this_database())) as server:
        app = over_http(server.answers())
        yield WSGISCIMClient(app, f"{server.address}/scim/v2", headers={"Authorization": f"Bearer {text}"})


def test_server_passes_the_conformance_suite(client: WSGISCIMClient) -> None:
    results = check_server(client)
    wrong = [
        (result.title, result.resource_type, result.reason) for result in results if result.status not in (Status.SUCCESS, Status.SKIPPED)
    ]
    assert wrong == []
    assert Counter(result.status for result in results)[Status.SUCCESS] > 40


def test_client_provisions_by_the_standard_schemas(client: WSGISCIMClient) -> None:
    """The client knows the RFC's whole schemas, and the server's are a part of them."""
    client.provider = ScimProvider(models=[User, Group], policy=ScimPolicy())
    anna = client.create(User(user_name="anna@example.com", external_id="e-1", emails=[{"value": "anna@example.com", "primary": True}]))
    team = client.create(Group(display_name="Team", members=[{"value": anna.id}]))
    assert client.query(User, anna.id).groups[0].value == team.id
    found = client.query(User, query_parameters=SearchRequest(filter='externalId eq "e-1"', count=5))
    assert [user.id for user in found.resources] == [anna.id]
    change = PatchOp[User](operations=[{"op": "replace", "path": "active", "value": False}])
    assert client.modify(User, anna.id, change).active is False
    anna.display_name = "Anna Smith"
    assert client.replace(anna).display_name == "Anna Smith"
    client.delete(Group, team.id)
    client.delete(User, anna.id)
    assert client.query(User).total_results == 0
