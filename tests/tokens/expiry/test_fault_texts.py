"""What faults say and where they lead, written by each database in its own way: the same letters on both."""

from datetime import UTC, datetime

import pytest
from django.urls import resolve, reverse
from pytest_django import Settings

from portal.faults.models import Fault
from tests.clock import DAY, NOW
from tests.factories import ServiceFactory, TokenFactory
from tests.tokens.scans import configure, ending, scan
from tokens.dates import ends

pytestmark = pytest.mark.django_db
NAMES = [
    'it\'s "quoted"',
    "100% %s %(now)s %%",
    "{braces} {{ x }} {0}",
    "dépl ✓ 部署 🚀",
    "back\\slash \\u0041 \\n",
    "'; DROP TABLE faults_fault; --",
    "' || u.password || '",
    'json ", "x": [1, null] ',
    "<b>bold</b> & more",
    "?q=1#x",
]
USERNAMES = ["o'brien", "a&b=c~d!e$f*g-h.i_j", "first.last+tag@example.com", "PLACE", "0"]
ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "Africa/Monrovia"]


@pytest.mark.usefixtures("in_utc")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_as_it_is_in_the_fault_of_its_end_and_after_it(name: str) -> None:
    configure("15")
    token = ending(1, name=name, user__username="robot", last_four="5CEQ", last_used_at=NOW)
    scan()
    scan(token.expires_at)
    over, soon = Fault.objects.order_by("-pk")
    for fault in (over, soon):
        assert fault.resource == f"{name} (tpp_…5CEQ)"
        assert [link["label"] for link in fault.links] == ["Token", "User robot"]
    assert soon.description == f"The API token {name} of robot expires 2026-11-22 23:59 UTC."
    assert over.description == f"The API token {name} of robot expired 2026-11-22 23:59 UTC, but it is still being used."


@pytest.mark.parametrize("username", USERNAMES)
def test_the_links_are_the_addresses_of_the_pages_whatever_the_username(username: str) -> None:
    configure("15", owners=True)
    owner = ServiceFactory(username=username)
    token = ending(5, user=owner)
    scan()
    user = {"url": reverse("users:detail", args=[username]), "admin_url": reverse("admin:users_user_change", args=[owner.pk])}
    page = dict.fromkeys(("url", "admin_url"), f"/tokens/{token.pk.hex}/")
    soon, nobody = Fault.objects.order_by("-source")
    assert soon.links == [{"label": "Token", **page}, {"label": f"User {username}", **user}]
    assert nobody.links == [{"label": "User", **user}]
    assert resolve(user["url"]).kwargs == {"username": username}
    assert nobody.key == str(owner.pk)
    assert soon.key == token.pk.hex


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [1, 7])
def test_ends_are_in_the_portals_zone_and_name_it(zone: str, month: int, settings: Settings) -> None:
    settings.TIME_ZONE = zone
    configure("15")
    end = datetime(2027, month, 10, 17, 45, 59, 1, tzinfo=UTC)
    TokenFactory(name="deploy", user__username="robot", created_at=NOW - 10 * DAY, expires_at=end, last_used_at=NOW)
    scan(end - 2 * DAY)
    assert Fault.objects.get().description == f"The API token deploy of robot expires {ends(end)}."


def test_the_databases_own_zone_is_as_it_was_afterwards(settings: Settings) -> None:
    """Django reads instants in UTC; a zone left behind would shift them for every later statement of the connection."""
    settings.TIME_ZONE = "Pacific/Kiritimati"
    configure("15")
    token = ending(5)
    end = token.expires_at
    scan()
    token.refresh_from_db()
    assert token.expires_at == end
    assert token.expires_at.utcoffset() == NOW.utcoffset()
    assert Fault.objects.get().raised_at == NOW
