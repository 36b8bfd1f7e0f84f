"""Receivers on this machine, with certificates made for the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from portal.env.urls import Address
from tests.audit.stream.certificates import Authority
from tests.audit.stream.https_server import HttpsServer
from tests.audit.stream.syslog_server import SyslogServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(authority: Authority, settings: LazySettings) -> Path:
    """The certificate of a receiver whom the portal trusts."""
    settings.AUDIT_CA_CERTIFICATES = authority.file
    return authority.certificate()


@pytest.fixture
def syslog(trusted: Path, settings: LazySettings) -> Iterator[SyslogServer]:
    with SyslogServer(trusted) as server:
        settings.AUDIT_SYSLOG = Address("127.0.0.1", server.port, "")
        yield server


@pytest.fixture
def https(trusted: Path, settings: LazySettings) -> Iterator[HttpsServer]:
    with HttpsServer(trusted) as server:
        settings.AUDIT_HTTPS = Address("127.0.0.1", server.port, "/audit?source=portal")
        settings.AUDIT_HTTPS_TOKEN = "a-secret-of-the-receiver"
        yield server
