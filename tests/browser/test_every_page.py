"""Every page, pane, window and menu: nothing in the console, no Content-Security-Policy violation (both by conftest's
`watch`), no grave finding of axe-core in light or dark, no sideways scrolling on a phone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

import settings_app.services as config
from portal.users.models import User
from tests.browser.soundness import audit, too_wide
from tests.browser.watching import Visit, Watch
from tests.factories import OperatorFactory, ServiceFactory, TokenFactory, UserFactory
from tokens import services
from tokens.expiry import scan

LONG = "a-name-that-is-as-long-as-the-portal-lets-it-be-" * 2


@pytest.fixture
def furnished(administrator: User) -> User:
    """A portal with something of everything, and with texts that do not fit easily. Returns a user with tokens in every state."""
    now = timezone.now()
    owner = UserFactory(username="bernadette.with-a-long-name@department.example.com", display_name="Bernadette Long-Name")
    ServiceFactory(username="github-actions")
    UserFactory(username="gone@example.com", is_active=False)
    for user in (owner, administrator):
        TokenFactory(user=user, name=LONG, expires_at=now + timedelta(days=5), last_used_at=now)
        TokenFactory.create_batch(4, user=user)
        TokenFactory(user=user, name="ended", created_at=now - timedelta(days=9), expires_at=now - timedelta(days=1))
        services.revoke(TokenFactory(user=user, name="taken-back"), administrator, now)
    config.add("token_expiration_days", "30;7;1", administrator)
    config.add("token_expiration_emails", ";".join(f"someone.{n}@department.example.com" for n in range(9)), administrator)
    config.add("users_may_create_tokens", "true", administrator)
    scan(now, "schedule")
    return owner


def test_every_page_of_an_administrator_is_sound(visit: Visit, administrator: User, furnished: User, watch: Watch) -> None:
    watch.allow(404)
    page = visit(administrator)
    found = []
    for path in [
        reverse("profile"),
        reverse("users:list"),
        reverse("tokens:user_tokens", args=[furnished.username]) + "?per_page=10",
        reverse("tokens:all") + "?per_page=10&page=2",
        reverse("tokens:all") + "?q=nothing-has-this-name",
        reverse("settings:config"),
        reverse("faults:list"),
        reverse("account_change_password"),
        reverse("account_logout"),
        reverse("users:create"),  # a form as a page, as it is without JavaScript
        "/no/such/page/",
    ]:
        page.goto(path)
        found += audit(page, path) + too_wide(page, path)
    assert not found, "\n".join(found)


def test_every_page_before_the_sign_in_is_sound(page: Page, transactional_db: None) -> None:
    user = UserFactory()
    link = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
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


def test_every_page_of_an_operator_and_the_pages_for_errors_are_sound(
    visit: Visit, watch: Watch, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.allow(403, 500)
    page = visit(OperatorFactory(), reverse("faults:list"))
    expect(page.get_by_text("No faults. All is well.")).to_be_visible()
    found = audit(page, "faults") + too_wide(page, "faults")
    page.goto(reverse("users:list"))
    expect(page.get_by_role("heading", name="You may not see this")).to_be_visible()
    found += audit(page, "403") + too_wide(page, "403")
    monkeypatch.setattr("portal.views.list_context", lambda *args, **kwargs: 1 / 0)
    page.goto(reverse("profile"))
    expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
    found += audit(page, "500") + too_wide(page, "500")
    assert not found, "\n".join(found)


def open_by(*labels: str) -> Callable[[Page], None]:
    """Clicks one after the other what has these names."""

    def act(page: Page) -> None:
        for label in labels:
            named = page.get_by_role("link", name=label, exact=True).or_(page.get_by_role("button", name=label, exact=True))
            named.first.click()

    return act


def revoke_selected(page: Page) -> None:
    for box in page.locator("[data-select-row]:enabled").all()[:3]:
        box.check()
    page.get_by_role("button", name="Revoke selected").click()


OPENED = "dialog[open] .dialog-body"
MENU = ".dropdown-menu.show"


def audit_opened(page: Page, steps: list[tuple[str, Callable[[Page], None], str]]) -> list[str]:
    """For each: opens the path, acts, and audits what then shows itself: the part that the selector begins with."""
    found = []
    for path, act, selector in steps:
        page.goto(path)
        act(page)
        expect(page.locator(selector).first).to_be_visible()
        what = f"{path}, {selector}"
        found += audit(page, what, selector.split()[0]) + too_wide(page, what)
    return found


def test_every_pane_and_window_is_sound(visit: Visit, administrator: User, furnished: User, watch: Watch) -> None:
    watch.allow(422)
    theirs = reverse("tokens:user_tokens", args=[furnished.username])
    steps = [
        (reverse("profile"), open_by("Add"), OPENED),
        (reverse("profile"), open_by("Create Token", "Create"), f"{OPENED} .invalid-feedback"),
        (reverse("users:list"), open_by("Add"), OPENED),
        (theirs, open_by("Actions", "Update"), OPENED),
        (theirs, open_by("Actions", "Deactivate"), OPENED),
        (theirs, open_by("Actions", "Delete"), OPENED),
        (reverse("tokens:all") + "?status=active", revoke_selected, OPENED),
        (reverse("tokens:all") + f"?q={LONG[:40]}", open_by(f"Actions for {LONG}", "Revoke"), OPENED),
        (reverse("settings:config"), open_by("Add"), OPENED),
    ]
    found = audit_opened(visit(administrator), steps)
    assert not found, "\n".join(found)


def test_every_menu_and_a_faults_details_are_sound(visit: Visit, administrator: User, furnished: User) -> None:
    steps = [
        (reverse("profile"), open_by("User menu"), MENU),
        (reverse("profile"), open_by("Theme"), MENU),
        (reverse("tokens:user_tokens", args=[furnished.username]), open_by("Actions"), MENU),
        (reverse("settings:config"), open_by("Actions for Users may create their own API tokens"), MENU),
        (reverse("faults:list"), lambda page: page.get_by_label("Details of").first.click(), ".fault-body"),
    ]
    found = audit_opened(visit(administrator), steps)
    assert not found, "\n".join(found)


def test_the_window_with_the_new_token_is_sound(portal: Page) -> None:
    portal.get_by_role("link", name="Add", exact=True).click()
    portal.get_by_label("Token Name").fill("deploy")
    portal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
    found = audit(portal, "token window") + too_wide(portal, "token window")
    assert not found, "\n".join(found)


def test_the_django_admin_complains_about_nothing(visit: Visit, furnished: User) -> None:
    page = visit(OperatorFactory(), reverse("admin:index"))
    for name in ("faults_fault", "tokens_token", "users_user", "settings_app_config", "post_office_email", "tokens_scanrun"):
        page.goto(reverse(f"admin:{name}_changelist"))
        expect(page.locator("#changelist")).to_be_visible()
