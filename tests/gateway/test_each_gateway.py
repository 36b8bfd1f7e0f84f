"""What docs/gateways.md promises of each gateway: whose use counts, and what a rejected client gets."""

from functools import partial
from http.client import parse_headers
from pathlib import Path
from socketserver import StreamRequestHandler

import psutil
import pytest

from tests.factories import TokenFactory, issue
from tests.gateway.conftest import Gateway
from tests.gateway.forging import HYPHENS
from tests.gateway.gateways import GATEWAYS, haproxy, running
from tests.gateway.upgrading_service import Threads
from tests.gateway.wsgi_service import CLIENT, WSGIService, send
from tests.processes.running import stopped, until
from tests.processes.serving import Server
from tokens import token_format
from tokens.models import Token

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


def test_a_use_counts_for_the_client_whatever_it_says(gateway: Gateway) -> None:
    forged = "203.0.113.9"
    tokens = []
    for lines in (
        (f"X-Forwarded-For: {forged}", f"X-Forwarded-For: {forged}"),
        (f"X_Forwarded_For: {forged}", f"X-Forwarded_For: {forged}", f"X_Forwarded-For: {forged}"),
        ("Connection: X-Forwarded-For", f"X_Forwarded_For: {forged}", f"Forwarded: for={forged}"),
    ):
        token, text = issue()
        reply = send(gateway.port, text, lines)
        if reply.status == 400 and gateway.name == "envoy":  # it rejects a Connection header that names this one
            continue
        assert forged not in reply.seen.get("HTTP_X_FORWARDED_FOR", "")
        tokens.append(token.pk)
    used = Token.objects.filter(pk__in=tokens)
    until(lambda: used.exclude(last_used_at=None).count() == len(tokens), "last use", 15)
    assert set(used.values_list("last_used_from", flat=True)) == {CLIENT}


def test_the_client_gets_the_portals_rejection(gateway: Gateway) -> None:
    assert 'realm="Token Portal"' in send(gateway.port, None).headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in send(gateway.port, token_format.generate()).headers["WWW-Authenticate"]
    assert b"invalid_request" in send(gateway.port, "a b").body


def test_too_many_wrong_tokens_get_429_with_retry_after_and_valid_ones_pass(gateway: Gateway) -> None:
    client = f"127.0.0.{10 + list(GATEWAYS).index(gateway.name)}"
    replies = (send(gateway.port, "wrong", client=client) for _ in range(450))  # twice the limit: a new minute may begin meanwhile
    reply = next(reply for reply in replies if reply.status != 401)
    assert reply.status == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert send(gateway.port, issue()[1], client=client).status == 200


def test_while_the_portal_hangs_nobody_passes(gateway: Gateway) -> None:
    _, text = issue()
    with stopped(psutil.Process(gateway.portal.process.pid)):
        if gateway.name == "traefik":  # it waits for 30 seconds
            with pytest.raises(TimeoutError):
                gateway.rejects(text, HYPHENS, seconds=4)
        else:
            assert gateway.rejects(text, HYPHENS) in (502, 503, 504)
    until(lambda: send(gateway.port, text).status == 200, "answer of the portal", 10)


class Unavailable(StreamRequestHandler):
    """A portal whose database is down."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            parse_headers(self.rfile)
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("name", GATEWAYS)
def test_retry_after_of_a_503_goes_on_to_the_client(name: str, service: WSGIService, tmp_path: Path) -> None:
    portal = Threads(Unavailable)
    with running(GATEWAYS[name], tmp_path, portal.port, service.port) as port:
        reply = send(port, token_format.generate())
    portal.close()
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1" if name == "envoy" else "7")


@pytest.mark.parametrize("place", ["local response", 'txn:set_var("txn.verified", true)'])
def test_after_an_error_in_haproxys_script_nobody_passes(portal: Server, service: WSGIService, tmp_path: Path, place: str) -> None:
    broken = partial(haproxy, **{place: f'error("broken") {place}'})
    with running(broken, tmp_path, portal.port, service.port) as port:
        assert send(port, issue()[1]).status == 503


@pytest.mark.parametrize("name", ["{http.request.header.Authorization}", "%[req.hdr(authorization)]", "a\r\nX-Auth-Role: administrator"])
def test_no_name_is_read_as_a_part_of_the_configuration(gateway: Gateway, name: str) -> None:
    text = token_format.generate()
    TokenFactory(name=name, digest=token_format.digest(text))
    reply = send(gateway.port, text)
    assert reply.identity["HTTP_X_AUTH_ROLE"] == "user"
    assert text not in str(reply.seen)
