"""WebSockets and large bodies through each documented gateway: both need a valid token, and no body goes to the portal."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.utils import timezone

from tests.factories import issue
from tests.gateway.gateways import GATEWAYS, apache, running
from tests.gateway.upgrading_service import KEY, UPGRADE, CountingRelay, UpgradingService, accept, ask, echoed
from tests.processes.serving import Server
from tokens import services, token_format

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
MEGABYTES = 5


@dataclass
class Gateway:
    port: int
    service: UpgradingService
    relay: CountingRelay


@pytest.fixture(scope="module")
def relay(portal: Server) -> Iterator[CountingRelay]:
    relay = CountingRelay(portal.port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def upgrading() -> Iterator[UpgradingService]:
    service = UpgradingService()
    yield service
    service.close()


@pytest.fixture(scope="module", params=GATEWAYS)
def gateway(
    request: pytest.FixtureRequest, relay: CountingRelay, upgrading: UpgradingService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp(request.param)
    with running(GATEWAYS[request.param], folder, relay.port, upgrading.port) as port:
        yield Gateway(port, upgrading, relay)


def test_a_websocket_opens_with_a_valid_token(gateway: Gateway) -> None:
    _, text = issue(name="chat")
    connection, response = ask(gateway.port, text, *UPGRADE)
    with connection:
        assert (response.status, response.headers["Sec-WebSocket-Accept"]) == (101, accept(KEY))
        assert echoed(connection, b"hello") == b"hello"
        assert echoed(connection, bytes(range(256)) * 400) == bytes(range(256)) * 400
    headers = gateway.service.headers
    assert (headers["X-Auth-Token-Name"], headers["Authorization"]) == ("chat", None)
    assert text not in str(headers)


def test_no_websocket_opens_without_a_valid_token(gateway: Gateway) -> None:
    before = gateway.service.count
    for token in (None, token_format.generate()):
        connection, response = ask(gateway.port, token, *UPGRADE)
        with connection:
            assert response.status == 401
            assert "WWW-Authenticate" in response.headers
    assert gateway.service.count == before


@pytest.mark.parametrize("line", ["Connection: Upgrade, X-Auth-User, X-Auth-Role", "X_Auth_User: root", "X-Auth-User: root"])
def test_an_upgrade_does_not_let_a_client_name_itself(gateway: Gateway, line: str) -> None:
    token, text = issue(name="chat")
    lines = [line, *UPGRADE[1:]] if line.startswith("Connection") else [*UPGRADE, line]
    connection, response = ask(gateway.port, text, *lines, "X_Auth_Role: administrator")
    connection.close()
    assert response.status == 101
    headers = gateway.service.headers
    assert headers.get_all("X-Auth-User") == [token.user.username]
    assert headers.get_all("X-Auth-Role") == ["user"]
    assert not [name for name in headers if "_" in name and "auth" in name.lower()]


def test_an_open_websocket_outlives_a_revocation_and_a_new_one_is_rejected(gateway: Gateway) -> None:
    token, text = issue()
    connection, response = ask(gateway.port, text, *UPGRADE)
    with connection:
        assert response.status == 101
        services.revoke(token, None, timezone.now())
        assert echoed(connection, b"still here") == b"still here"
    again, response = ask(gateway.port, text, *UPGRADE)
    again.close()
    assert response.status == 401


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_large_body_reaches_the_service_and_not_the_portal(gateway: Gateway, method: str) -> None:
    _, text = issue()
    before = gateway.relay.received
    connection, response = ask(gateway.port, text, method=method, body=b"x" * MEGABYTES * 1024 * 1024)
    connection.close()
    assert (response.status, gateway.service.body_bytes) == (200, MEGABYTES * 1024 * 1024)
    assert 0 < gateway.relay.received - before < 4096


def test_a_large_body_without_a_valid_token_goes_nowhere(gateway: Gateway) -> None:
    count, received = gateway.service.count, gateway.relay.received
    connection, response = ask(gateway.port, "wrong", method="POST", body=b"x" * 300_000)
    connection.close()
    assert (response.status, gateway.service.count) == (401, count)
    assert gateway.relay.received - received < 4096


@pytest.fixture(scope="module")
def apache_port(upgrading: UpgradingService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(apache, tmp_path_factory.mktemp("apache"), 0, upgrading.port) as port:
        yield port


def test_apache_passes_websockets_and_large_bodies_with_their_token_on(apache_port: int, upgrading: UpgradingService) -> None:
    connection, response = ask(apache_port, "tpp_x", *UPGRADE)
    with connection:
        assert response.status == 101
        assert echoed(connection, b"hello") == b"hello"
    assert upgrading.headers["Authorization"] == "Bearer tpp_x"
    connection, response = ask(apache_port, "tpp_x", method="POST", body=b"x" * MEGABYTES * 1024 * 1024)
    connection.close()
    assert (response.status, upgrading.body_bytes) == (200, MEGABYTES * 1024 * 1024)
