"""Access Control: from the list's filter to the job that revokes everything that matches."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import AdministratorFactory, TokenFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import bulk, bulk_views
from tokens.models import BulkRevocation, Token

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
QUERY = "q=deploy&status=active"


@pytest.fixture
def anna() -> Visitor:
    owner = UserFactory(username="ci@example.com")
    for number in range(3):
        TokenFactory(user=owner, name=f"deploy-{number}", created_at=timezone.now() - timedelta(days=1))
    TokenFactory(user=owner, name="backup")
    return Visitor(AdministratorFactory(username="anna@example.com"))


def fields(page: Page) -> dict[str, str]:
    form = page.one("form", "portal-form")
    return {name: form.value(name) for name in ("query", "as_of", "confirmed")}


def test_the_filter_is_confirmed_then_worked_on_with_progress(anna: Visitor) -> None:
    page = Page(anna.send("tokens:revoke_matching", query=QUERY))
    assert "Revoke 3 tokens" in page.text
    assert "deploy-0" in page.text
    assert "backup" not in page.text
    response = anna.send("tokens:revoke_matching", **fields(page))
    job = BulkRevocation.objects.get()
    assert response["Location"] == reverse("tokens:revocation", args=[job.pk])
    assert "0 of 3 tokens revoked" in anna.see(response["Location"]).text
    assert "Revoking 3 tokens" in anna.see(reverse("tokens:all")).text
    bulk.resume(timezone.now(), 60)
    assert "3 tokens revoked." in anna.see(response["Location"]).text
    assert "Revoking" not in anna.see(reverse("tokens:all")).text
    assert list(Token.objects.permanent().filter(revoked_at=None).values_list("name", flat=True)) == ["backup"]


def test_a_token_that_is_created_before_the_confirmation_is_sent_stays(anna: Visitor) -> None:
    form = fields(Page(anna.send("tokens:revoke_matching", query=QUERY)))
    TokenFactory(name="deploy-new", created_at=timezone.now())
    anna.send("tokens:revoke_matching", **form)
    assert BulkRevocation.objects.get().total == 3


def test_another_number_than_confirmed_is_confirmed_again(anna: Visitor) -> None:
    form = fields(Page(anna.send("tokens:revoke_matching", query=QUERY)))
    Token.objects.filter(name="deploy-0").update(revoked_at=timezone.now())
    page = Page(anna.send("tokens:revoke_matching", **form))
    assert "has changed" in page.text
    assert fields(page)["confirmed"] == "2"
    assert not BulkRevocation.objects.exists()


def test_a_token_that_comes_to_match_at_the_last_moment_is_confirmed_first(anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    form = fields(Page(anna.send("tokens:revoke_matching", query=QUERY)))
    counted = bulk.start

    def start(*args: Any, **options: Any) -> BulkRevocation:
        TokenFactory(name="deploy-late", created_at=timezone.now() - timedelta(hours=1))  # committed after the count
        return counted(*args, **options)

    monkeypatch.setattr(bulk, "start", start)
    page = Page(anna.send("tokens:revoke_matching", **form))
    assert "has changed" in page.text
    assert (page.one("h1").text, fields(page)["confirmed"]) == ("Revoke 4 tokens", "4")
    assert not BulkRevocation.objects.exists()


def test_a_query_is_never_cut_short(anna: Visitor) -> None:
    response = anna.send("tokens:revoke_matching", query=f"created_with=&x={'x' * 4000}&status=revoked")
    assert (response.status_code, response["Location"]) == (302, reverse("tokens:all"))
    assert not BulkRevocation.objects.exists()


def test_tokens_created_with_those_that_match_are_announced_and_revoked(anna: Visitor) -> None:
    assert "through the API" not in Page(anna.send("tokens:revoke_matching", query=QUERY)).text
    parent = Token.objects.get(name="deploy-0")
    TokenFactory(name="child", created_with=parent)
    page = Page(anna.send("tokens:revoke_matching", query=QUERY))
    assert "Tokens that were created with them through the API are revoked too" in page.text
    anna.send("tokens:revoke_matching", **fields(page))
    bulk.resume(timezone.now(), 60)
    assert Token.objects.get(name="child").revoked_at is not None


def test_many_tokens_need_their_number_typed(anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_views, "TYPED_FROM", 3)
    page = Page(anna.send("tokens:revoke_matching", query=QUERY))
    assert "Type 3 to confirm" in page.text
    for typed, jobs in (("", 0), ("4", 0), ("3", 1)):
        anna.send("tokens:revoke_matching", **fields(page), typed=typed)
        assert BulkRevocation.objects.count() == jobs


@pytest.mark.parametrize("query", ["expires_from=nonsense", "status=nonsense", "q=nothing-like-this"])
def test_a_filter_that_makes_no_sense_or_finds_nothing_revokes_nothing(anna: Visitor, query: str) -> None:
    response = anna.send("tokens:revoke_matching", query=query, confirmed="4")
    assert response["Location"] == reverse("tokens:all")
    assert not BulkRevocation.objects.exists()


def test_only_the_progress_is_fetched_again_and_the_end_refreshes_the_list(anna: Visitor) -> None:
    anna.send("tokens:revoke_matching", **fields(Page(anna.send("tokens:revoke_matching", query=QUERY))))
    anna.htmx = "revocation"
    url = reverse("tokens:revocation", args=[BulkRevocation.objects.get().pk])
    going = anna.get(url)
    assert b"every 1s" in going.content
    assert b"<h1" not in going.content
    bulk.resume(timezone.now(), 60)
    ended = anna.get(url)
    assert b"every 1s" not in ended.content
    assert ended["HX-Trigger"] == "list-changed"
