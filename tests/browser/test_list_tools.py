"""A list's tools: columns are hidden without a reload, filters are saved as they are now, and a file is downloaded."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.users.models import User
from tests.browser.accessibility import audit
from tests.browser.steps import dialog, row
from tests.browser.watching import Visit
from tests.factories import FaultFactory, TokenFactory

pytestmark = pytest.mark.field


def test_columns_saved_filters_and_export(visit: Visit, administrator: User) -> None:
    TokenFactory.create_batch(3, user=administrator)
    TokenFactory(user=administrator, name="deploy")
    page = visit(administrator, reverse("tokens:all"))
    page.get_by_role("button", name="Columns").click()
    assert audit(page, "columns", "#list") == []
    page.get_by_role("switch", name="Last used").uncheck()
    expect(page.get_by_role("columnheader", name="Last used")).to_have_count(0)
    expect(page.get_by_role("switch", name="Last used")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="Last used")).to_have_count(0)
    page.get_by_role("searchbox", name="Search", exact=True).fill("deploy")
    expect(row(page, "token-")).to_have_count(0)
    page.get_by_role("link", name="Saved filters").click()
    window = dialog(page, "Saved filters")
    window.get_by_label("Name").fill("Deploys")
    window.get_by_role("button", name="Save current filters").click()
    expect(window.get_by_role("link", name="Deploys")).to_be_visible()
    assert audit(page, "saved filters", "dialog[open]") == []
    page.goto(reverse("tokens:all"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename == "tokens.csv"
    page.get_by_role("link", name="Saved filters").click()
    dialog(page, "Saved filters").get_by_role("link", name="Deploys").click()
    expect(row(page, "deploy")).to_have_count(1)
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_have_value("deploy")


def test_selected_faults_are_acknowledged_in_place(visit: Visit, administrator: User) -> None:
    for number in range(3):
        FaultFactory(resource=f"thing {number}")
    page = visit(administrator, reverse("faults:list"))
    page.get_by_role("checkbox", name="thing 0").check()
    page.get_by_role("checkbox", name="thing 2").check()
    page.get_by_role("button", name="Acknowledge selected 2").click()
    expect(row(page, "Acknowledged")).to_have_count(2)
    expect(row(page, "thing 1")).to_contain_text("Open")
