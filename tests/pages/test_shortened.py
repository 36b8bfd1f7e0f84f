"""Every beginning of a documented URL leads to a page, and so does the URL of a form that is opened without its form."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.directory.models import Group, Membership, Ownership
from portal.users.models import User
from tests.audit_entries import entry
from tests.factories import FaultFactory, ServiceFactory, TokenFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens.models import BulkRevocation

pytestmark = pytest.mark.django_db
SHORTENED = [
    # path, then where it leads: user, operator, administrator (403: the role may see nothing of it)
    ("/administrator/", 403, "faults:list", "users:list"),
    ("/administrator/system-settings/", "settings:config", "settings:config", "settings:config"),
    ("/administrator/system-settings/config/session_minutes/", "settings:config", "settings:config", "settings:config"),
    ("/access-control/", "tokens:all", "tokens:all", "tokens:all"),
    ("/access-control/user-tokens/revocations/", "tokens:all", "tokens:all", "tokens:all"),
    ("/faults/", "faults:list", "faults:list", "faults:list"),
    ("/profile/tokens/", "profile", "profile", "profile"),
    ("/cli/", "profile", "profile", "profile"),
    ("/accounts/", "profile", "profile", "profile"),
    ("/api/", "api_page", "api_page", "api_page"),
    ("/oauth/", "api_page", "api_page", "api_page"),
    ("/healthz/", "health", "health", "health"),
    ("/livez/", "live", "live", "live"),
    ("/readyz/", "ready", "ready", "ready"),
]
POST_ONLY = {
    "tokens:revoke_many": "tokens:all",
    "tokens:revoke_matching": "tokens:all",
    "tokens:temporary": "profile",
    "tokens:calendar_on": "profile",
    "tokens:calendar_show": "profile",
    "tokens:scan_now": "settings:config",
    "tokens:preview": "settings:config",
    "faults:acknowledge": "faults:list",
    "faults:acknowledge_many": "faults:list",
}


@pytest.mark.parametrize(("path", "leads"), [(path, leads) for path, *leads in SHORTENED])
def test_a_shortened_url_leads_to_the_page_that_was_meant(path: str, leads: list[Any]) -> None:
    for role, lead in zip(("user", "operator", "administrator"), leads, strict=True):
        response = Visitor(UserFactory(role=role)).get(path)
        assert (response.status_code if lead == 403 else response["Location"]) == (lead if lead == 403 else reverse(lead)), role


@pytest.mark.parametrize("path", [path for path, *_ in SHORTENED])
def test_a_shortened_url_sends_anonymous_visitors_to_sign_in(path: str, anonymous: Visitor) -> None:
    final = anonymous.get(path, follow=True)
    assert final.status_code == 200
    assert final.redirect_chain[-1][0].startswith(reverse("account_login")) or path in (
        "/api/",
        "/oauth/",
        "/healthz/",
        "/livez/",
        "/readyz/",
    )


NO_PAGES = ("accounts/company/", "admin/", "adminproxy/", "api/", "app/", "scim/", "v1/", "v3/", ".well-known/")


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    """The routes of the portal's own pages, without those of the Django admin and of the APIs."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and not route.startswith(NO_PAGES):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and not route.startswith(NO_PAGES) and "^" not in route:
            yield route


def test_every_beginning_of_every_url_leads_to_a_page(as_administrator: Visitor, person: User) -> None:
    examples = {
        "uuid:pk": TokenFactory().pk,
        "token_id:pk": TokenFactory().pk,
        "int:pk": FaultFactory().pk,
    }
    examples |= {"slug:key": "session_minutes", "int:user": person.pk}
    BulkRevocation.objects.create(pk=examples["int:pk"], person=person, created_at=timezone.now())
    service, group = ServiceFactory(), Group.objects.create(pk=examples["int:pk"], name="ops", created_at=timezone.now())
    Membership.objects.create(group=group, user=person)
    Ownership.objects.create(pk=examples["int:pk"], service_account=service, user=person)
    Authenticator.objects.create(pk=examples["int:pk"], user=as_administrator.user, type="webauthn", data={"name": "mine"})
    if not Entry.objects.filter(pk=examples["int:pk"]).exists():  # which numbers the entries of the sign-in have depends on earlier tests
        entry(pk=examples["int:pk"])
    beginnings = set()
    for route in routes(get_resolver().url_patterns):
        examples["username:username"] = service.username if "/owners/" in route else person.username
        path = "/" + re.sub(r"<([a-z_:]+)>", lambda found: str(examples[found[1]]), route)
        if not path.startswith("/administrator/system-settings/config/session_minutes/"):
            beginnings |= {path[: place + 1] for place, letter in enumerate(path) if letter == "/"}
    nowhere = []
    for path in beginnings:
        response = as_administrator.get(path, follow=True)
        if response.status_code not in (200, 204):
            nowhere.append((path, response.status_code))
    assert not nowhere


@pytest.mark.parametrize(("name", "page"), POST_ONLY.items())
def test_opening_the_url_of_a_form_leads_to_the_page_with_its_button(name: str, page: str, as_administrator: Visitor) -> None:
    url = reverse(name, args=[FaultFactory().pk] if name == "faults:acknowledge" else [])
    assert as_administrator.get(url)["Location"] == reverse(page)
    assert as_administrator.head(url)["Location"] == reverse(page)
    assert as_administrator.put(url).status_code == 405


def test_a_form_that_is_sent_to_a_page_without_one_gets_a_page_with_a_link(as_administrator: Visitor) -> None:
    page = Page(as_administrator.send("profile"))
    assert (page.status, page.response["Allow"]) == (405, "GET, HEAD")
    assert page.one("h1").text == "Method not allowed"
    assert page.one("a", "btn").attributes["href"] == "/"
