"""Whose address a request counts for: X-Forwarded-For is believed only as far as TRUSTED_PROXIES wrote it."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal import addresses
from portal.addresses import client_address

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
    ("10.0.0.1", "203.0.113.1:4711", "10.0.0.1"),
    ("10.0.0.1", "fe80::1%eth0", "10.0.0.1"),  # PostgreSQL stores no zone
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
