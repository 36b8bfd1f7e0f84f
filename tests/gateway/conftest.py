"""The documented gateways, one after the other, in front of a real portal and a WSGI service."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.gateway.gateways import GATEWAYS, running
from tests.gateway.wsgi_service import WSGIService, send
from tests.processes.serving import Server, environment, this_database


@dataclass
class Gateway:
    name: str
    port: int
    service: WSGIService
    portal: Server

    def rejects(self, token: str | None, lines: tuple[str, ...] = (), seconds: float = 20) -> int:
        """The status with which the request was rejected, before it reached the service."""
        before = self.service.count
        status = send(self.port, token, lines, seconds=seconds).status
        assert self.service.count == before
        assert status >= 400
        return status


@pytest.fixture(scope="module")
def portal(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("portal")
    with Server(environment(folder, this_database(), TRUSTED_PROXIES="127.0.0.1", WRONG_TOKENS_A_MINUTE="200")) as server:
        yield server.answers()


@pytest.fixture(scope="module")
def service() -> Iterator[WSGIService]:
    service = WSGIService()
    yield service
    service.close()


@pytest.fixture(scope="module", params=GATEWAYS)
def gateway(
    request: pytest.FixtureRequest, portal: Server, service: WSGIService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp(request.param)
    with running(GATEWAYS[request.param], folder, portal.port, service.port) as port:
        yield Gateway(request.param, port, service, portal)
