"""What `manage.py check --deploy` and the log of a start say about an environment that is allowed, but seldom meant."""

from ipaddress import ip_network

import pytest
from django.core.management import call_command
from pytest_django import Settings

from portal.core import checks
from portal.env.urls import email

RUNS_ON = "sqlite"
SERVER = email("smtp://mail.example.com")
REJECTED = ["portal@localhost", "Portal <portal@mailhost>", "portal@example.com", "portal@mail.EXAMPLE.org", "portal@portal.test"]
ACCEPTED = ["portal@acme.com", "Portal <portal@xn--mnchen-3ya.de>", "portal@myexample.com"]


@pytest.mark.parametrize("sender", REJECTED)
def test_a_sender_that_mail_servers_reject(sender: str, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL = sender, SERVER
    assert [warning.id for warning in checks.environment()] == ["portal.W001"]
    settings.EMAIL = None  # emails are files
    assert checks.environment() == []


@pytest.mark.parametrize("sender", ACCEPTED)
def test_a_sender_that_mail_servers_accept(sender: str, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL = sender, SERVER
    assert checks.environment() == []


@pytest.mark.parametrize(
    ("networks", "named"),
    [
        ([], ""),
        (["10.1.2.3"], ""),
        (["172.18.0.0/16", "fd00::/48"], ""),
        (["10.0.0.0/8", "10.1.2.3", "fd00::/32"], "10.0.0.0/8, fd00::/32"),
    ],
)
def test_networks_too_wide_for_proxies_alone(networks: list[str], named: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network(network) for network in networks]
    assert [warning.id for warning in checks.environment()] == (["portal.W002"] if named else [])
    assert not named or f"in {named} can" in checks.environment()[0].msg


@pytest.mark.django_db
def test_a_start_logs_one_line_for_each(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL, settings.TRUSTED_PROXIES = REJECTED[0], SERVER, [ip_network("10.0.0.0/8")]
    call_command("prepare_portal")
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == 2
    assert "the sender portal@localhost" in lines[0]
    assert "\n" not in "".join(lines)
