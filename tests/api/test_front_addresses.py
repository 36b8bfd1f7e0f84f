"""Whose address a request counts for: X-Forwarded-For is believed only as far as TRUSTED_PROXIES wrote it."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal.audit.models import Entry
from portal.core import client_ip as addresses
from portal.core.client_ip import client_address, set_client_ip
from portal.users import throttle
from portal.users.models import Throttle
from tests.api.asgi_client import ask
from tokens.verification import limits

RUNS_ON = "sqlite"
CASES = [
    # peer, X-Forwarded-For, the client
    ("192.0.2.7", "", "192.0.2.7"),
    ("192.0.2.7", "203.0.113.1", "192.0.2.7"),  # not a proxy of ours: it may say what it likes
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
    ("10.0.0.1", "198.51.100.9, 203.0.113.1", "203.0.113.1"),  # what stands before was written by the client
    ("10.0.0.1", "198.51.100.9,203.0.113.1 , 10.9.9.9,  10.0.0.2", "203.0.113.1"),  # a chain of ours
    ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # a client inside
    ("10.0.0.1", "203.0.113.1, garbage", "10.0.0.1"),
    ("10.0.0.1", "garbage, 203.0.113.1", "203.0.113.1"),
    ("10.0.0.1", "203.0.113.1, 10.0.0.2, ", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1:4711", "203.0.113.1"),  # Azure's gateway writes the port
    ("10.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"),
    ("10.0.0.1", "[2001:db8::9]", "2001:db8::9"),
    ("10.0.0.1", '"[2001:DB8::9]:4711"', "2001:db8::9"),
    ("10.0.0.1", '"203.0.113.1"', "203.0.113.1"),
    ("10.0.0.1", "203.0.113.1:4711,10.0.0.2:80 ,[fd00::2]:443", "203.0.113.1"),
    ("10.0.0.1:4711", "203.0.113.1", "203.0.113.1"),
    ("10.0.0.1", "[::ffff:203.0.113.1]:4711", "203.0.113.1"),
    ("10.0.0.1", "fe80::1%eth0", "fe80::1"),  # PostgreSQL stores no zone
    ("10.0.0.1", "[fe80::1%25eth0]:4711", "fe80::1"),
    ("10.0.0.1", "203.0.113.1, unknown", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1, _hidden", "10.0.0.1"),
    ("10.0.0.1", "for=203.0.113.1", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1:port", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1:123456", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1:", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.1:٤٧", "10.0.0.1"),
    ("10.0.0.1", "[203.0.113.1", "10.0.0.1"),
    ("10.0.0.1", "[]:80", "10.0.0.1"),
    ("10.0.0.1", "010.0.0.9", "10.0.0.1"),
    ("10.0.0.1", "2001:DB8::0:1", "2001:db8::1"),
    ("10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"),
    ("::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"),
    ("::ffff:192.0.2.7", "203.0.113.1", "192.0.2.7"),
    ("fd00::1", "2001:db8::9", "2001:db8::9"),
    ("fd01::1", "2001:db8::9", "fd01::1"),
    ("2001:db8::5", "203.0.113.1", "2001:db8::5"),
    ("", "203.0.113.1", None),  # a socket in the file system has no address
    ("garbage", "203.0.113.1", None),
    ("10.0.0.1", "1," * 100_000 + "203.0.113.1", "203.0.113.1"),
    ("10.0.0.1", "x" * 1_000_000, "10.0.0.1"),
    ("10.0.0.1", "\ud800, \x00", "10.0.0.1"),
]


@pytest.fixture(autouse=True)
def trusted_proxies(settings: Settings) -> Iterator[None]:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/32")]
    addresses.trusted.cache_clear()
    addresses.report_unreadable.cache_clear()
    yield
    addresses.trusted.cache_clear()


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_the_client_is_the_last_in_the_chain_that_is_no_proxy_of_ours(peer: str, forwarded: str, client: str | None) -> None:
    assert client_address(peer, forwarded) == client


@pytest.mark.parametrize("forwarded", ["203.0.113.1", "10.0.0.1", "::1"])
def test_without_trusted_proxies_the_header_says_nothing(settings: Settings, forwarded: str) -> None:
    settings.TRUSTED_PROXIES = []
    addresses.trusted.cache_clear()
    assert client_address("10.0.0.1", forwarded) == "10.0.0.1"


@given(st.text(max_size=100), st.lists(st.one_of(st.text(max_size=20), st.ip_addresses().map(str)), max_size=6).map(", ".join))
def test_whatever_is_sent_the_address_is_one_or_none(peer: str, forwarded: str) -> None:
    for sender in (peer, "10.0.0.1", "fd00::1"):
        found = client_address(sender, forwarded)
        assert found is None or (str(ip_address(found)) == found and "%" not in found)
    assert client_address("10.0.0.1", forwarded) is not None


@given(st.ip_addresses().map(str), st.text(max_size=60))
def test_what_a_stranger_writes_never_changes_its_address(stranger: str, forwarded: str) -> None:
    address = client_address(stranger, "")
    if not addresses.trusted(address):
        assert client_address(stranger, forwarded) == address


FORWARDED = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.9"}


@pytest.mark.django_db
def test_verification_notes_the_clients_address(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[str | None] = []
    monkeypatch.setattr(limits, "wait_after_failure", lambda address: noted.append(address) or 0)
    assert ask("/verify", "Bearer unknown", **FORWARDED).status == 401
    assert ask("/verify", "Bearer unknown", **FORWARDED | {"REMOTE_ADDR": ""}).status == 401
    assert noted == ["203.0.113.9", None]


@pytest.mark.django_db
def test_the_audit_trail_and_the_limits_have_the_clients_address() -> None:
    client = Client(**FORWARDED)
    client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "wrong"})
    assert Entry.objects.get(event="sign_in_failed").address == "203.0.113.9"
    assert Throttle.objects.filter(key=throttle.key_of(throttle.SIGN_IN_FORMS, "203.0.113.9")).exists()


def test_the_address_is_worked_out_before_everything_else(settings: Settings) -> None:
    assert settings.MIDDLEWARE[:2] == ["portal.core.middleware.RequestContextMiddleware", "portal.core.client_ip.ClientIPMiddleware"]


def test_working_it_out_again_changes_nothing() -> None:
    for peer, forwarded, _ in CASES:
        environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
        set_client_ip(environ)
        first = dict(environ)
        set_client_ip(environ)
        assert environ == first


FORMS = ["{}", " {} ", '"{}"', "{}:4711", '"{}:65535"']
BRACKETS = ["[{}]", "[{}]:4711", '"[{}]:1"', "{}%eth0", "[{}%25eth0]:80", "{}"]


@given(st.ip_addresses(), st.data(), st.lists(st.ip_addresses(network="10.0.0.0/8"), max_size=3))
def test_every_form_of_an_address_is_read(client: Any, data: st.DataObject, proxies: list[Any]) -> None:
    chain = [data.draw(st.sampled_from(FORMS if each.version == 4 else BRACKETS)).format(each) for each in (client, *proxies)]
    found = client_address("10.0.0.1", ",".join(chain))
    assert found == str(getattr(client, "ipv4_mapped", None) or client)


def test_what_cannot_be_read_is_logged_once_for_each_proxy(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        for forwarded in ("unknown", "203.0.113.1, _hidden", "garbage\n"):
            assert client_address("10.0.0.1", forwarded) == "10.0.0.1"
        assert client_address("10.0.0.1", "203.0.113.1, unknown, 10.0.0.2") == "10.0.0.2"
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "garbage" not in caplog.text
