"""The OpenAPI document itself: what it covers, and how it is served. tests/api/test_document.py holds responses against it."""

from typing import Any

import pytest
from django.test import Client

from portal.api import document
from portal.core.error_responses import UNAVAILABLE
from portal.pages import shortened_urls as shortened
from portal.urls import urlpatterns
from tests.api.caller import API

RUNS_ON = "sqlite"
DOCUMENT = f"{API}/openapi.json"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document.document()


def test_it_covers_the_token_endpoints(whole: dict[str, Any]) -> None:
    outside = {(path, *methods) for path, methods in whole["paths"].items() if not path.startswith(API)}
    posts = {"/oauth/introspect", "/oauth/revoke", "/oauth/device_authorization", "/cli/token"}
    gets = {"/verify", "/.well-known/oauth-authorization-server"}
    assert outside == {*((path, "get") for path in gets), *((path, "post") for path in posts)}


def test_every_token_endpoint_with_a_url_is_in_it(whole: dict[str, Any]) -> None:
    urls = {f"/{pattern.pattern}" for pattern in urlpatterns if pattern not in shortened.urlpatterns}
    endpoints = {url for url in urls if url.startswith(("/oauth/", "/cli/", "/.well-known/oauth"))}
    assert {"/oauth/revoke", "/cli/token"} <= endpoints <= whole["paths"].keys()


def test_every_operation_says_what_it_is_for(whole: dict[str, Any]) -> None:
    described = [tag["name"] for tag in whole["tags"] if tag["description"]]
    for operation in document.operations(whole):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= set(described)
    assert {tag for operation in document.operations(whole) for tag in operation["tags"]} == set(described)


def test_operation_ids_are_unique(whole: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in document.operations(whole)]
    assert len(set(names)) == len(names)


def test_every_error_response_has_an_example(whole: dict[str, Any]) -> None:
    for operation in document.operations(whole):
        errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
        assert errors
        for response in errors.values() if operation["operationId"] != "oauth_metadata" else ():
            content = response["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Error"}
            assert content["example"]["error_description"].endswith(".")
    assert whole["paths"]["/verify"]["get"]["responses"]["503"]["headers"].keys() == {"Retry-After"}
    assert whole["paths"]["/verify"]["get"]["responses"]["503"]["content"]["application/json"]["example"]["error"] == UNAVAILABLE[0]


def test_every_request_with_a_body_can_be_too_slow_or_too_large(whole: dict[str, Any]) -> None:
    with_body = [operation for path in whole["paths"].values() for operation in path.values() if "requestBody" in operation]
    assert len(with_body) >= 8
    assert [operation["operationId"] for operation in with_body if not {"408", "413"} <= operation["responses"].keys()] == []


def test_no_parameter_is_null_and_no_schema_is_unused(whole: dict[str, Any]) -> None:
    parameters = [each for operation in document.operations(whole) for each in operation.get("parameters", [])]
    assert [each["name"] for each in parameters if "null" in str(each["schema"])] == []
    assert {"ListQuery", "TokenQuery"} & whole["components"]["schemas"].keys() == set()
    assert {"Error", "UserPage", "TokenPage", "Introspection"} <= whole["components"]["schemas"].keys()


@pytest.mark.django_db
def test_it_is_sent_once_and_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Client().get(DOCUMENT)
    assert (first.status_code, first["Content-Type"], first["Cache-Control"]) == (200, "application/json", "public, no-cache")
    monkeypatch.setattr(document, "document", None)
    again = Client().get(DOCUMENT, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"], again["Cache-Control"]) == (304, b"", first["ETag"], "public, no-cache")
    other = Client().get(DOCUMENT, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)
    assert "no-store" in Client().get(f"{API}/whoami")["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"{API}/whoami", f"{API}/users", "/oauth/revoke", "/cli/token", DOCUMENT])
def test_a_preflight_is_not_allowed(path: str) -> None:
    """No page of another origin may call the API from a browser."""
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
    response = Client().options(path, headers=asked)
    assert (response.status_code, response.json()["error"]) == (405, "method_not_allowed")
    assert response["Allow"]
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
