"""docs/gateway/nginx.conf in a real nginx, before a real portal and a service."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import psutil
import pytest
from django.utils import timezone

from tests.factories import AdministratorFactory, TokenFactory, UserFactory, issue
from tests.gateway.running import Service, nginx
from tests.processes.running import stopped, until
from tests.processes.serving import Server, environment, this_database
from tokens import services, token_format
from tokens.models import Token

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
FORGED = {"X-Auth-User": "root", "x-auth-role": "administrator", "X-AUTH-TOKEN-NAME": "forged", "X-Auth-Token-Expires": "never"}


@dataclass
class Gateway:
    port: int
    service: Service
    portal: Server

    def ask(self, token: str | None, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> HTTPResponse:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def passed(self, token: str, **headers: str) -> Message:
        """The headers with which the request reached the service."""
        before = len(self.service.requests)
        assert self.ask(token, **headers).status == 200
        assert len(self.service.requests) == before + 1
        return self.service.requests[-1][2]

    def refused(self, token: str | None, **headers: str) -> HTTPResponse:
        before = len(self.service.requests)
        response = self.ask(token, **headers)
        assert response.status >= 400
        assert "service" not in response.text
        assert len(self.service.requests) == before
        return response


@pytest.fixture(scope="module")
def gateway(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, service = tmp_path_factory.mktemp("gateway"), Service()
    with Server(environment(folder, this_database(), TRUSTED_PROXIES="127.0.0.1", WRONG_TOKENS_A_MINUTE="100")) as portal:
        program, port = nginx(folder, portal.port, service.port)
        with program:
            portal.answers()
            gateway = Gateway(port, service, portal)
            until(lambda: program.process.poll() is None and listens(gateway), f"nginx:\n{program.output}")
            yield gateway
    service.close()


def listens(gateway: Gateway) -> bool:
    try:
        return gateway.ask(None).status == 401
    except OSError:
        return False


def test_a_good_token_passes_with_the_portals_headers_and_not_with_the_clients(gateway: Gateway) -> None:
    token, text = issue(AdministratorFactory(username="ada@example.com"), "nightly build")
    headers = gateway.passed(text, **FORGED, X_Auth_User="root")
    assert headers.get_all("X-Auth-User") == ["ada@example.com"]
    assert headers.get_all("X-Auth-Role") == ["administrator"]
    assert headers.get_all("X-Auth-Token-Name") == ["nightly build"]
    assert headers.get_all("X-Auth-Token-Expires") == [token.expires_at.isoformat()]
    assert "X_Auth_User" not in headers
    assert "root" not in str(headers)
    assert text not in str(headers)


def test_a_users_token_does_not_become_an_administrators_by_a_header(gateway: Gateway) -> None:
    _, text = issue(UserFactory(username="bob@example.com"))
    headers = gateway.passed(text, **FORGED)
    assert (headers.get_all("X-Auth-User"), headers.get_all("X-Auth-Role")) == (["bob@example.com"], ["user"])


def test_a_revoked_token_is_refused_by_the_very_next_request(gateway: Gateway) -> None:
    for n in range(5):
        token, text = issue(name=f"token {n}")
        gateway.passed(text)
        services.revoke(token, None, timezone.now())
        assert gateway.refused(text).status == 401


def test_no_token_a_wrong_one_and_one_in_the_query_string_get_401_with_the_portals_challenge(gateway: Gateway) -> None:
    _, text = issue()
    assert gateway.refused(None).headers["WWW-Authenticate"].startswith('Bearer realm="Token Portal", Basic realm=')
    assert 'error="invalid_token"' in gateway.refused(token_format.generate()).headers["WWW-Authenticate"]
    assert gateway.refused(None, path=f"/?token={text}&access_token={text}").status == 401
    assert gateway.refused(None, **FORGED).status == 401


def test_a_malformed_header_is_told_so(gateway: Gateway) -> None:
    response = gateway.refused("a b")
    assert (response.status, '"invalid_request"' in response.text) == (400, True)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_reaches_the_service_and_not_the_portal(gateway: Gateway, method: str) -> None:
    _, text = issue()
    body = b"x" * 200_000
    assert gateway.ask(text, "/upload?a=b", method, body).status == 200
    assert gateway.service.requests[-1][:2] == (method, "/upload?a=b")
    assert gateway.service.requests[-1][3] == body
    assert gateway.ask("wrong", "/upload", method, body).status == 401


def test_head_is_verified_too(gateway: Gateway) -> None:
    _, text = issue()
    assert gateway.ask(text, method="HEAD").status == 200
    assert gateway.ask("wrong", method="HEAD").status == 401


def test_the_inner_address_cannot_be_asked_from_outside(gateway: Gateway) -> None:
    assert gateway.ask(issue()[1], "/_verify").status == 404


@pytest.mark.parametrize("name", ["100%", "a\r\nX-Auth-Role: administrator", "😀" * 100, 'Müller, "the" $host ${x} \\n'])
def test_names_of_any_kind_reach_the_service_as_one_plain_header(gateway: Gateway, name: str) -> None:
    text = token_format.generate()
    TokenFactory(name=name, digest=token_format.digest(text))
    headers = gateway.passed(text)
    (value,) = headers.get_all("X-Auth-Token-Name")
    assert value.isascii()
    assert headers.get_all("X-Auth-Role") == ["user"]


def test_a_use_counts_for_the_client_that_nginx_saw_whatever_the_client_says(gateway: Gateway) -> None:
    token, text = issue()
    gateway.passed(text, **{"X-Forwarded-For": "203.0.113.9", "X_Forwarded_For": "203.0.113.9"})
    until(lambda: Token.objects.get(pk=token.pk).last_used_at, "last use", 10)
    assert Token.objects.get(pk=token.pk).last_used_from == "127.0.0.1"


def test_while_the_portal_hangs_nobody_passes(gateway: Gateway) -> None:
    _, text = issue()
    with stopped(psutil.Process(gateway.portal.process.pid)):
        assert gateway.refused(text).status == 503
    until(lambda: gateway.ask(text).status == 200, "answer of the portal", 10)


def test_too_many_wrong_tokens_get_429_with_retry_after_and_good_ones_still_pass(gateway: Gateway) -> None:
    _, text = issue()
    answers = (gateway.refused("wrong") for _ in range(250))  # twice the limit and more: a new minute may begin meanwhile
    response = next(answer for answer in answers if answer.status != 401)
    assert response.status == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert '"too_many_requests"' in response.text
    gateway.passed(text)


def test_while_the_portal_is_down_nobody_passes(gateway: Gateway, tmp_path: Path) -> None:
    """The last test here: it ends this module's portal."""
    _, text = issue()
    gateway.passed(text)
    gateway.portal.stop()
    for token in (text, "wrong", None):
        response = gateway.refused(token, **FORGED)
        assert (response.status, '"temporarily_unavailable"' in response.text) == (503, True)
