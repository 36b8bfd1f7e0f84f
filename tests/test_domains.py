"""Host names in Unicode: as browsers and mail servers know them."""

from email import message_from_bytes

import pytest
from django.core.mail import EmailMessage, get_connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal.core.domains import email_address, to_ascii, web_host
from portal.env.urls import origin
from portal.notifications import services
from portal.notifications.channels import test_email
from tests.clock import NOW
from tests.services import Mailbox

RUNS_ON = "sqlite"


# UTS 46, as browsers apply it (https://www.unicode.org/reports/tr46/, table 1 and section 4.6)
NAMES = [
    ("portal.example.com", "portal.example.com"),
    ("PORTAL.Example.COM.", "portal.example.com"),
    ("Bücher.de", "xn--bcher-kva.de"),
    ("BU\u0308CHER.de", "xn--bcher-kva.de"),
    ("faß.de", "xn--fa-hia.de"),  # not fass.de
    ("βόλος.com", "xn--nxasmm1c.com"),
    ("日本語。ＪＰ", "xn--wgv71a119e.jp"),
    ("xn--bcher-kva.de", "xn--bcher-kva.de"),
    ("192.0.2.1", "192.0.2.1"),
    ("[2001:DB8::0:1]", "2001:db8::1"),
]


@pytest.mark.parametrize(("name", "ascii_name"), NAMES)
def test_the_form_that_protocols_carry(name: str, ascii_name: str) -> None:
    assert to_ascii(name) == ascii_name


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "-a.de", "a b.de", "a/b", "a@b", "1.2.3", "1.2.3.256", "☃\u202e.de", "a%.de", "[fe80::1%eth0]"]
)
def test_what_is_no_host_name(name: str) -> None:
    with pytest.raises(ValueError):
        to_ascii(name)


@given(st.text(max_size=40))
def test_one_form_is_its_own(name: str) -> None:
    try:
        host = web_host(name)
    except ValueError:
        return
    assert host.isascii()
    assert web_host(host) == host
    assert origin(f"https://{host}/") == f"https://{host}"


def test_an_email_goes_to_the_domain_that_was_meant(smtp_server: Mailbox) -> None:
    host, port = smtp_server.url.removeprefix("smtp://").split(":")
    with get_connection("portal.notifications.channels.smtp.EmailBackend", host=host, port=int(port)) as connection:
        to = ["ops@straße.example", "jane@example.com"]
        connection.send_messages([EmailMessage("Test", "text", "portal@xn--mnchen-3ya.example", to)])
    (envelope,) = smtp_server.messages
    assert envelope.rcpt_tos == ["ops@xn--strae-oqa.example", "jane@example.com"]
    assert message_from_bytes(envelope.content)["To"] == "ops@xn--strae-oqa.example, jane@example.com"


@pytest.mark.django_db
def test_what_names_the_portal_in_an_email_is_ascii(settings: Settings) -> None:
    settings.PORTAL_URL = origin("https://Straße.example:8443")
    (message,) = services.queue("test", ["jane@example.com"], now=NOW)
    assert message.message_id.endswith("@xn--strae-oqa.example>")
    message = test_email.compose("jane@example.com", "alice@example.com").message()
    assert message["Message-ID"].endswith("@xn--strae-oqa.example>")


def test_an_address_literal_stays() -> None:
    assert email_address("portal@[192.0.2.1]") == "portal@[192.0.2.1]"
