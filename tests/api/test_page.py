"""The interactive page: Swagger UI from our own host, under the portal's Content-Security-Policy."""

import json
import os
import re

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Request, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.api.caller import API, Caller
from tests.browser.watching import REPORT_VIOLATIONS, Watch
from tests.factories import AdministratorFactory

RUNS_ON = "postgres"
in_a_browser = pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="a browser: in the other half of `make test`")


@pytest.mark.django_db
def test_the_page_has_no_inline_script_or_style_and_takes_all_from_our_host() -> None:
    response = Caller().get(f"{API}/")
    html = response.content.decode()
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", html) == []
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert [each for each in sources if not re.match(r"/(?!/)", each)] == []
    files = [each.removeprefix("/static/") for each in sources if each.startswith("/static/")]
    assert {"ninja/swagger-ui.css", "ninja/swagger-ui-bundle.js", "js/api.js"} <= set(files)
    assert all(finders.find(each) for each in files)


@pytest.mark.django_db
def test_the_document_is_open_and_names_no_other_host(settings: Settings) -> None:
    document = Caller().get(f"{API}/openapi.json")
    assert document.status_code == 200
    addresses = re.findall(r'"(\w+://[^"]*)"', json.dumps(document.json()))
    ours = (settings.PORTAL_URL, "http://127.0.0.1:51004/")  # the latter is where a program on the user's machine listens
    assert settings.PORTAL_URL in addresses
    assert [address for address in addresses if not address.startswith(ours)] == []


@in_a_browser
def test_a_token_typed_in_calls_the_api(page: Page, live_server: LiveServer, transactional_db: None) -> None:
    caller = Caller(AdministratorFactory(username="anna@example.com"))
    watch, asked = Watch(), []

    def look(request: Request) -> None:
        asked.append(request.url)

    page.add_init_script(REPORT_VIOLATIONS)
    watch.follow(page)
    page.on("request", look)
    page.goto(f"{live_server.url}{API}/")
    page.get_by_role("button", name="Authorize").click()
    bearer = page.locator(".auth-container").filter(has=page.locator("#auth-bearer-value"))
    bearer.locator("input").fill(caller.text)
    bearer.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()
    page.locator("#operations-Who_am_I-whoami .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_contain_text("200")
    expect(page.locator(".live-responses-table")).to_contain_text("anna@example.com")
    assert watch.left() == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
    assert page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)").count(caller.text) == 0


@in_a_browser
def test_without_the_document_the_page_says_so(page: Page, live_server: LiveServer, transactional_db: None) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, body="{}")

    page.route("**/openapi.json", refuse)
    page.goto(f"{live_server.url}{API}/")
    expect(page.locator("#api")).to_contain_text("Failed to load API definition")
