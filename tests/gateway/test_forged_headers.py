"""Clients that try to name themselves, through each documented gateway to a WSGI service, which sees the portal's headers alone."""

import pytest

from tests.factories import UserFactory, issue
from tests.gateway.conftest import Gateway
from tests.gateway.forging import ATTACKS, ODD
from tests.gateway.wsgi_service import send
from tokens import token_format
from tokens.models import Token

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


def expected(token: Token) -> dict[str, str]:
    return {
        "HTTP_X_AUTH_USER": "bob@example.com",
        "HTTP_X_AUTH_ROLE": "user",
        "HTTP_X_AUTH_TOKEN_NAME": "M%C3%BCllers%20{env.PATH}%20%25[src]%20$host%20${x}",
        "HTTP_X_AUTH_TOKEN_EXPIRES": token.expires_at.isoformat(),
    }


def is_rejected_upgrade(gateway: Gateway, attack: str) -> bool:
    """Envoy lets only an upgrade to WebSocket through."""
    return gateway.name == "envoy" and attack == "Connection with upgrade"


@pytest.mark.parametrize("attack", [*ATTACKS, *ODD])
def test_the_service_sees_the_portals_four_headers_alone(gateway: Gateway, attack: str) -> None:
    lines = {**ATTACKS, **ODD}[attack]
    token, text = issue(UserFactory(username="bob@example.com"), "Müllers {env.PATH} %[src] $host ${x}")
    before = gateway.service.count
    reply = send(gateway.port, text, lines)
    if reply.status == 200:
        assert reply.identity == expected(token)
        assert "HTTP_AUTHORIZATION" not in reply.seen
        assert text not in str(reply.seen)
    else:
        assert attack in ODD or is_rejected_upgrade(gateway, attack)
        assert reply.status in (400, 401, 403)
        assert gateway.service.count == before


@pytest.mark.parametrize("attack", [*ATTACKS, *ODD])
def test_without_a_valid_token_nothing_passes(gateway: Gateway, attack: str) -> None:
    lines = {**ATTACKS, **ODD}[attack]
    statuses = (400, 401, 403) if is_rejected_upgrade(gateway, attack) else (400, 401)
    assert gateway.rejects(None, lines) in statuses
    assert gateway.rejects(token_format.generate(), lines) in statuses


def test_no_connection_header_tells_a_further_proxy_to_drop_the_portals(gateway: Gateway) -> None:
    """HAProxy would pass the client's on; the others drop or replace it themselves."""
    for lines in (("Connection: X-Auth-User",), ("Connection: X-Auth-User, upgrade", "Upgrade: other")):
        reply = send(gateway.port, issue()[1], lines)
        if reply.status == 403 and gateway.name == "envoy":
            continue
        seen = reply.seen
        assert "auth" not in seen.get("HTTP_CONNECTION", "").lower()
