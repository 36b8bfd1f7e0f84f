"""In WebKit and Firefox: every pane and window of the product is tall enough for what it holds, on a wide screen and on a phone.

The dialogs are found, not listed: whatever on a page opens one, and each template that can stand in one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test.signals import template_rendered
from django.urls import resolve, reverse
from django.utils import timezone
from pytest_django import Settings

from portal.core.actors import Actor
from portal.directory import groups
from portal.env.providers import OidcProvider
from portal.users import services as users
from portal.users.models import User
from tests.browser.sample_data import LONG
from tests.engines.driving import SIZES, Portal
from tests.factories import GroupFactory, OwnershipFactory, issue
from tests.second_factor.steps import give_app, give_passkey
from tokens.calendar import links as calendar

pytestmark = pytest.mark.field
TEMPLATES = Path(settings.BASE_DIR / "templates")
OPENERS = """
return [...document.querySelectorAll('[hx-target="#pane"], [hx-target="#window"]')]
  .map((element) => element.getAttribute("hx-get")).filter(Boolean);
"""
# What is wrong with the open dialog: a box that leaves the screen, a body that scrolls although it would fit, a control or a
# line of text that cannot be brought into sight.
FAULTS = """
const dialog = document.querySelector("dialog[open]"), body = dialog.querySelector(".dialog-body"), faults = [];
const box = dialog.getBoundingClientRect(), hidden = body.scrollHeight - body.clientHeight;
if (box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth) faults.push("it leaves the screen");
if (hidden > 1 && box.height < innerHeight * 0.85) faults.push(`${hidden} pixels of its body do not show in ${box.height}`);
if (body.scrollWidth > body.clientWidth) faults.push("it scrolls sideways");
for (const part of dialog.querySelectorAll("h2, p, li, label, code, button, a, input:not([type=hidden]), select, textarea")) {
  if (!part.checkVisibility()) continue;
  part.scrollIntoView({ block: "center" });
  const { left, top, width, height } = part.getBoundingClientRect();
  const seen = document.elementFromPoint(left + Math.min(width / 2, 40), top + height / 2);
  const shown = part.contains(seen) || (seen?.contains(part) && seen !== dialog);
  if (!shown) faults.push(`${part.outerHTML.slice(0, 80)} is out of sight`);
}
return faults;
"""


def provider(name: str) -> OidcProvider:
    """One whose name is as long as a name can be. Nothing is sent to it."""
    return OidcProvider(id=name, name=f"{name} {'Holding' * 6}"[:40], issuer="https://idp.example.com", client_id="portal")


def dialog_templates() -> set[str]:
    return {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if "{% extends frame %}" in path.read_text()}


@pytest.fixture
def rendered() -> Iterator[set[str]]:
    """The names of the templates that dialogs were made of."""
    names: set[str] = set()

    def note(template: Any, context: Any, **kwargs: Any) -> None:
        if context.get("frame") == "_dialog.html":
            names.add(template.name)

    template_rendered.connect(note)
    yield names
    template_rendered.disconnect(note)


def faults_of_the_open_dialog(portal: Portal, what: str) -> list[str]:
    """What is wrong with it on a wide screen and on a phone."""
    found = []
    for size in SIZES:
        portal.resize(size)
        found += [f"{what}, {size}: {fault}" for fault in portal.script(FAULTS)]
    portal.resize("wide")
    return found


def look_at_dialogs_of(portal: Portal, path: str, seen: set[str]) -> list[str]:
    """Opens each dialog that the page at `path` leads to, unless one of the same view was seen."""
    portal.open(path)
    found = []
    for address in portal.script(OPENERS):
        if (name := resolve(address.partition("?")[0]).view_name) in seen:
            continue
        seen.add(name)
        portal.open(path)
        portal.script("""document.querySelector(`[hx-get="${CSS.escape(arguments[0])}"]`).click()""", address)
        portal.find("dialog[open] h2")
        found += faults_of_the_open_dialog(portal, name)
    return found


def test_every_dialog_shows_all_that_it_holds(
    portal: Portal, furnished: User, administrator: User, rendered: set[str], settings: Settings
) -> None:
    calendar.switch_on(Actor(administrator), timezone.now())
    portal.sign_in(administrator)
    gone = User.objects.get(username="gone@example.com")
    invited = users.create("invited@example.com", "", User.Role.USER, None)
    group, account = GroupFactory(), OwnershipFactory().service_account
    groups.add_members(group, [administrator.pk], None, timezone.now())
    found: list[str] = []
    seen: set[str] = set()
    give_app(administrator)
    give_passkey(administrator)
    give_app(furnished)
    settings.SIGN_IN_PROVIDERS = {name: provider(name) for name in ("acme", "okta")}
    SocialAccount.objects.create(user=administrator, provider="acme", uid="u-1", extra_data={})
    for path in [
        reverse("profile"),
        reverse("mfa_index"),
        reverse("users:list"),
        reverse("tokens:user_tokens", args=[furnished.username]),
        reverse("tokens:user_tokens", args=[gone.username]),
        reverse("tokens:user_tokens", args=[invited.username]),
        reverse("directory:groups"),
        reverse("directory:group", args=[group.pk]),
        reverse("directory:owners", args=[account.username]),
        reverse("tokens:all"),
        reverse("settings:config"),
        reverse("faults:list"),
        reverse("audit:list"),
    ]:
        found += look_at_dialogs_of(portal, path, seen)

    portal.open(reverse("tokens:user_tokens", args=[invited.username]))
    portal.click("Actions", "Copy invitation link", "Create link")
    portal.find("#invitation-link")
    found += faults_of_the_open_dialog(portal, "users:invitation_link, created")

    portal.open(reverse("mfa_index"))
    portal.click("Get new codes", "Create codes")
    portal.dialog("Your recovery codes")
    found += faults_of_the_open_dialog(portal, "recovery codes")
    for name, title in (("mfa_add_totp", "Set up an authenticator app"), ("mfa_add_passkey", "Add a passkey")):
        portal.open(reverse("profile"))
        portal.open_in("#pane", reverse(name))
        portal.dialog(title)
        found += faults_of_the_open_dialog(portal, name)

    portal.open(reverse("users:list"))  # no menu leads to it
    portal.open_in("#window", reverse("users:delete", args=[administrator.username]))
    portal.dialog("This is your account")
    found += faults_of_the_open_dialog(portal, "one's own account")

    portal.open(reverse("tokens:all") + "?status=active")
    portal.script("for (const box of document.querySelectorAll('[data-select-row]')) box.click()")
    portal.script("document.querySelector('#bulk [type=submit]').click()")
    portal.find("dialog[open] h2")
    found += faults_of_the_open_dialog(portal, "tokens:revoke_many")

    portal.open(reverse("tokens:all") + "?per_page=10")
    portal.script("document.querySelector('.bulk-matching [type=submit]').click()")
    portal.find("dialog[open] h2")
    found += faults_of_the_open_dialog(portal, "tokens:revoke_matching")
    portal.script("document.querySelector('dialog[open] .btn-danger').click()")
    portal.dialog("Revoking tokens")
    found += faults_of_the_open_dialog(portal, "tokens:revocation")

    portal.open(reverse("profile"))
    portal.click("Add", "Create")
    portal.find("dialog[open] .is-invalid")
    found += faults_of_the_open_dialog(portal, "a form with an error")
    portal.fill("Token Name", "deploy")
    portal.click("Create")
    portal.dialog("Token Created")
    found += faults_of_the_open_dialog(portal, "tokens:created")

    portal.open(reverse("users:list"))
    portal.fill("Search", issue(furnished, LONG[:90])[1])
    portal.dialog("API token")
    found += faults_of_the_open_dialog(portal, "tokens:look_up")

    assert not found, "\n".join(found)
    assert rendered & dialog_templates() == dialog_templates()
