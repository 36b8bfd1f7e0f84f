"""docs/gateway/apache.conf in a real Apache: its service asks the portal itself, and no other header names the client."""

from collections.abc import Iterator

import pytest

from tests.gateway.forging import ATTACKS, ODD
from tests.gateway.gateways import apache, running
from tests.gateway.wsgi_service import CLIENT, WSGIService, send

pytestmark = pytest.mark.field


@pytest.fixture(scope="module")
def port(service: WSGIService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(apache, tmp_path_factory.mktemp("apache"), 0, service.port) as port:
        yield port


@pytest.mark.parametrize("attack", [*ATTACKS, *ODD])
def test_it_leaves_none_of_the_headers_and_sends_the_token_on(port: int, attack: str) -> None:
    reply = send(port, "tpp_x", {**ATTACKS, **ODD}[attack])
    if reply.status == 200:
        assert reply.identity == {}
        assert attack in ODD or reply.seen["HTTP_AUTHORIZATION"] == "Bearer tpp_x"
    else:
        assert (attack in ODD, reply.status) == (True, 400)


def test_it_names_the_client_alone(port: int) -> None:
    lines = ("Connection: X-Forwarded-For", "X-Forwarded-For: 203.0.113.9", "X_Forwarded_For: 203.0.113.9", "X-Forwarded_For: 203.0.113.9")
    assert send(port, None, lines).seen["HTTP_X_FORWARDED_FOR"] == CLIENT
