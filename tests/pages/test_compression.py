"""Which responses are compressed: pages by GET, and none that shows a secret (BREACH)."""

import gzip
import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import AdministratorFactory

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def visitor() -> Client:
    client = Client(headers=GZIP)
    client.force_login(AdministratorFactory(username="anna@example.com"))
    return client


def test_pages_are_compressed_and_say_so(visitor: Client) -> None:
    response = visitor.get(reverse("tokens:all"))
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert b"Access Control" in gzip.decompress(response.content)
    assert not visitor.get(reverse("tokens:all"), headers={"Accept-Encoding": "identity"}).has_header("Content-Encoding")


def test_lengths_of_the_same_page_differ(visitor: Client) -> None:
    """Django adds up to 100 random bytes to each compressed response."""
    assert len({len(visitor.get(reverse("tokens:all")).content) for _ in range(10)}) > 1


def test_responses_that_show_a_secret_are_not_compressed(visitor: Client) -> None:
    visitor.post(reverse("tokens:calendar_on"))
    for name in ("tokens:temporary", "tokens:calendar_show"):
        response = visitor.post(reverse(name))
        assert response.status_code == 200
        assert b"token-secret" in response.content
        assert not response.has_header("Content-Encoding")
        assert visitor.get(reverse(name)).status_code == 302


def test_a_new_token_is_shown_uncompressed(visitor: Client) -> None:
    response = visitor.post(reverse("tokens:create_own"), {"name": "deploy", "expires": ""})
    assert re.search(rb"tpp_\w{38}", response.content)
    assert not response.has_header("Content-Encoding")


def test_json_keeps_its_strong_etag(visitor: Client) -> None:
    document = visitor.get(reverse("api_document"))
    assert not document.has_header("Content-Encoding")
    assert document["ETag"].startswith('"')
    assert visitor.get(reverse("api_document"), headers=GZIP | {"If-None-Match": document["ETag"]}).status_code == 304


def test_an_error_page_that_becomes_json_is_not_compressed(visitor: Client) -> None:
    response = visitor.get("/api/v1/nothing-is-here")
    assert not response.has_header("Content-Encoding")
    assert response.json()["error"] == "not_found"
