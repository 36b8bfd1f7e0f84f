"""Every page: nothing in the console and no Content-Security-Policy violation (both by conftest's `watch`), no grave finding of
axe-core in light or dark, no sideways scrolling on a phone. test_every_dialog.py looks at panes, windows and menus."""

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.faults.models import Fault
from portal.users import links
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.sample_data import LONG
from tests.browser.watching import Visit, Watch
from tests.factories import GroupFactory, OperatorFactory, OwnershipFactory, UserFactory


def test_every_page_of_an_administrator_is_sound(visit: Visit, administrator: User, furnished: User, watch: Watch) -> None:
    watch.allow(404)
    page = visit(administrator)
    found = []
    for path in [
        reverse("home"),
        reverse("profile"),
        reverse("users:list"),
        reverse("tokens:user_tokens", args=[furnished.username]) + "?per_page=10",
        reverse("tokens:all") + "?per_page=10&page=2",
        reverse("tokens:all") + "?q=nothing-has-this-name",
        reverse("tokens:token", args=[furnished.tokens.get(name=LONG).pk]),
        reverse("settings:config"),
        reverse("settings:all"),
        reverse("faults:list"),
        reverse("faults:fault", args=[Fault.objects.open().earliest("pk").pk]),
        reverse("audit:list"),
        reverse("account_change_password"),
        reverse("mfa_index"),
        reverse("account_reauthenticate"),
        reverse("directory:groups"),
        reverse("directory:group", args=[GroupFactory(name="G" * 60, description="d" * 300).pk]),
        reverse("directory:owners", args=[OwnershipFactory().service_account.username]),
        reverse("directory:of_user", args=[furnished.username]),
        reverse("sessions:own"),
        reverse("sessions:of_user", args=[administrator.username]),
        reverse("account_logout"),
        reverse("users:create"),  # a form as a page, as it is without JavaScript
        "/no/such/page/",
    ]:
        page.goto(path)
        found += audit(page, path) + too_wide(page, path)
    assert not found, "\n".join(found)


def test_every_page_before_the_sign_in_is_sound(page: Page, transactional_db: None) -> None:
    user = UserFactory()
    link = {"uidb36": user_pk_to_url_str(user), "key": links.generator.make_token(user)}
    found = []
    for path in [
        reverse("account_login"),
        reverse("account_reset_password"),
        reverse("account_reset_password_done"),
        reverse("account_reset_password_from_key", kwargs=link),
        reverse("account_reset_password_from_key", kwargs=link | {"key": "used-up"}),
        reverse("account_reset_password_from_key_done"),
        reverse("account_inactive"),
    ]:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += audit(page, path) + too_wide(page, path)
    assert not found, "\n".join(found)


@pytest.mark.field
def test_every_page_of_an_operator_and_the_pages_for_errors_are_sound(
    visit: Visit, watch: Watch, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.allow(403, 500)
    page = visit(OperatorFactory(), reverse("faults:list"))
    expect(page.get_by_text("No open faults.")).to_be_visible()
    found = audit(page, "faults") + too_wide(page, "faults")
    page = visit(UserFactory())
    expect(page.get_by_role("heading", name="Your API Tokens")).to_be_visible()
    found += audit(page, "a user's home") + too_wide(page, "a user's home")
    page.goto(reverse("users:list"))
    expect(page.get_by_role("heading", name="You don't have access to this page")).to_be_visible()
    found += audit(page, "403") + too_wide(page, "403")
    monkeypatch.setattr("portal.pages.views.list_context", lambda *args, **kwargs: 1 / 0)
    page.goto(reverse("profile"))
    expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
    found += audit(page, "500") + too_wide(page, "500")
    assert not found, "\n".join(found)


@pytest.mark.field
def test_every_page_of_the_django_admin_is_sound(visit: Visit, furnished: User) -> None:
    page = visit(OperatorFactory(), reverse("admin:index"))
    found = audit(page, "index") + too_wide(page, "index")
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        newest = model._default_manager.order_by("-pk")[:1]
        for path in [reverse(f"admin:{name}_changelist"), *(reverse(f"admin:{name}_change", args=[row.pk]) for row in newest)]:
            page.goto(path)
            found += audit(page, path) + too_wide(page, path)
    page.goto(reverse("admin:tokens_token_changelist") + "?q=nothing-has-this-name&state=revoked")
    expect(page.get_by_text("No tokens match.")).to_be_visible()
    found += audit(page, "no rows") + too_wide(page, "no rows")
    assert not found, "\n".join(found)


@pytest.mark.field
def test_a_fault_is_reviewed_in_the_django_admin_by_keyboard(visit: Visit, furnished: User) -> None:
    page = visit(OperatorFactory(), reverse("admin:faults_fault_changelist"))
    page.locator("summary").filter(has_text="State:").press("Enter")
    page.get_by_role("link", name="Open", exact=True).press("Enter")
    expect(page.locator("summary").filter(has_text="State: Open")).to_be_visible()
    page.locator("#result_list tbody th a").first.press("Enter")
    for button, message in (("Acknowledge", "Acknowledged."), ("Undo acknowledge", "Open again."), ("Clear", "Cleared.")):
        page.get_by_role("main").get_by_role("button", name=button, exact=True).press("Enter")
        expect(page.get_by_role("status").filter(has_text=message)).to_be_visible()
    page.goto(reverse("admin:faults_fault_changelist"))
    page.get_by_label("Select all objects on this page for an action").check()
    page.get_by_label("Action:").select_option(label="Clear")
    page.get_by_role("button", name="Go", exact=True).press("Enter")
    expect(page.get_by_role("status").filter(has_text="cleared.")).to_be_visible()
