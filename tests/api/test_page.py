"""The API's page: rendered on the server from the OpenAPI document, in the portal's frame."""

import json
import re

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.api.document import document, operations
from portal.api.examples import curl, example
from portal.api.schema_fields import Field
from tests.api.caller import API, Caller
from tests.browser.accessibility import audit, too_wide
from tests.browser.watching import REPORT_VIOLATIONS, Watch

RUNS_ON = "postgres"


def page_html() -> str:
    return str(Caller().get(f"{API}/").content.decode())


@pytest.mark.django_db
def test_the_page_has_no_inline_script_or_style_and_takes_all_from_our_host() -> None:
    response = Caller().get(f"{API}/")
    html = response.content.decode()
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", html) == []
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert [each for each in sources if not re.match(r"/(?!/)|#", each)] == []
    files = [each.removeprefix("/static/") for each in sources if each.startswith("/static/")]
    assert "bundles/portal.css" in files
    assert all(finders.find(each) for each in files)


@pytest.mark.django_db
def test_the_page_has_every_operation_and_schema_of_the_document() -> None:
    html, whole = page_html(), document()
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert {operation["operationId"] for operation in operations(whole)} <= set(ids)
    assert {f"schema-{name}" for name in whole["components"]["schemas"]} <= set(ids)
    assert [link for link in re.findall(r'href="#([^"]*)"', html) if link not in ids] == []
    assert all(f"<code>{path}</code>" in html for path in whole["paths"])
    assert "`" not in html


def test_curl_lines_have_what_the_request_needs() -> None:
    whole = document()
    create = curl(whole, "post", "/api/v1/users/{username}/tokens", whole["paths"]["/api/v1/users/{username}/tokens"]["post"])
    assert create.startswith(f"curl -X POST {django_settings.PORTAL_URL}/api/v1/users/USERNAME/tokens")
    assert '-H "Authorization: Bearer $TOKEN"' in create
    assert json.loads(create.partition("--json '")[2][:-1])["name"] == "deploy"
    form = curl(whole, "post", "/oauth/introspect", whole["paths"]["/oauth/introspect"]["post"])
    assert "-d token=tpp_" in form


def test_fields_say_their_type_limits_and_default() -> None:
    field = Field.of("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, False, "query")
    assert (field.type, field.limits, field.default) == ("integer", ["at least 1", "at most 200"], "50")
    reference = {"anyOf": [{"$ref": "#/components/schemas/Role"}, {"type": "null"}]}
    assert (Field.of("role", reference, True).type, Field.of("role", reference, True).schema) == ("Role or null", "Role")
    rows = Field.of("items", {"type": "array", "items": {"$ref": "#/components/schemas/UserOut"}}, True)
    assert (rows.type, rows.schema) == ("array of UserOut", "UserOut")


def test_examples_are_made_from_schemas() -> None:
    parts = {"enum": ["a", "b"], "type": "string"}
    schema = {
        "type": "object",
        "properties": {"kind": parts, "ids": {"type": "array", "items": {"type": "integer"}}, "more": {"type": "object"}},
    }
    assert example({}, schema) == {"kind": "a", "ids": [1], "more": {}}


@pytest.mark.django_db
def test_the_document_is_open_and_names_no_other_host(settings: Settings) -> None:
    document = Caller().get(f"{API}/openapi.json")
    assert document.status_code == 200
    addresses = re.findall(r'"(\w+://[^"]*)"', json.dumps(document.json()))
    ours = (settings.PORTAL_URL, "http://127.0.0.1:51004/")  # the latter is where a program on the user's machine listens
    assert settings.PORTAL_URL in addresses
    assert [address for address in addresses if not address.startswith(ours)] == []


@pytest.mark.field
def test_the_page_can_be_read_anywhere_and_copies_a_curl_line(page: Page, live_server: LiveServer, transactional_db: None) -> None:
    watch = Watch()
    page.add_init_script(REPORT_VIOLATIONS)
    watch.follow(page)
    page.goto(f"{live_server.url}{API}/")
    expect(page.get_by_role("heading", name="List Users")).to_be_visible()
    page.get_by_role("button", name="Copy the curl line of List Users").click()
    expect(page.get_by_role("button", name="Copied the curl line of List Users")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl http")
    assert audit(page, "API") + too_wide(page, "API") == []
    assert watch.left() == []
