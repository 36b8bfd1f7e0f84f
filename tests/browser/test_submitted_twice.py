"""A form for a token that is submitted twice leads on: to the token that there is, or to another one."""

from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.steps import copy_from_window, dialog
from tests.browser.watching import Watch
from tokens.models import Token


def test_a_form_that_was_submitted_already_leads_to_its_token_and_to_another(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    portal.get_by_role("link", name="Create Token").click()
    pane = dialog(portal, "Create API Token")
    pane.get_by_label("Token Name").fill("deploy")
    # The response to the first attempt is lost on its way.
    portal.route("**/profile/tokens/create/", lambda route: (route.fetch(), route.abort())[0])
    watch.allow_text("ERR_FAILED", "htmx:afterRequest", "htmx:sendError")
    pane.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("alert")).to_contain_text("can't be reached")
    portal.unroute("**/profile/tokens/create/")
    pane.get_by_role("button", name="Create", exact=True).click()
    expect(pane.get_by_text("This form has already been submitted and created the token deploy.")).to_be_visible()
    link = pane.get_by_role("link", name="Show the token in the list")
    expect(link).to_have_attribute("href", f"{reverse('profile')}?q=deploy")
    expect(pane.get_by_label("Token Name")).to_have_value("deploy")
    pane.get_by_label("Token Name").fill("deploy-2")
    pane.get_by_role("button", name="Create another").click()
    copy_from_window(portal)
    assert set(Token.objects.permanent().values_list("name", flat=True)) == {"deploy", "deploy-2"}
