"""System Settings, tab All settings: every key with its value or default, saved in a form of its own."""

import json
from typing import Any

import pytest
from django.urls import reverse

import settings_app.services as config
from settings_app.models import Config
from settings_app.registry import KEYS
from tests.factories import TokenFactory
from tests.pages.page import Element, Page
from tests.pages.test_config import every_key, no_rules_of_other_apps
from tests.pages.test_headers import has_nothing_inline, is_locked_down
from tests.pages.visitor import Visitor

__all__ = ["no_rules_of_other_apps"]
pytestmark = pytest.mark.django_db


def setting(page: Page, key: str) -> Element:
    return page.one("div", id=f"setting-{key}")


def version(visitor: Visitor, key: str) -> str:
    return setting(visitor.see("settings:all"), key).all("input", name="version")[0].attributes["value"]


def save(visitor: Visitor, key: str, value: str, **data: str) -> Any:
    """Submits the key's form as the page shows it now."""
    return visitor.send("settings:setting", key, **{"version": version(visitor, key), "value": value} | data)


def test_every_key_is_shown_with_its_help_and_default(as_administrator: Visitor) -> None:
    page = as_administrator.see("settings:all")
    is_locked_down(page.response)
    has_nothing_inline(page)
    for name, key in KEYS.items():
        shown = setting(page, name)
        assert shown.one("label").text == key.label
        assert shown.one("label").attributes["for"] == f"value-{name}"
        assert "This is the default." in shown.text
        assert not shown.all("a", href=reverse("settings:delete", args=[name]))
    assert [heading.text for heading in page.one("div", "settings").all("h2")] == [
        *("Expiry notifications", "Permanent tokens", "Sign-in", "Directory", "Security notifications", "Audit trail", "Integrations")
    ]


@every_key
@pytest.mark.parametrize("htmx", ["", "setting"])
def test_a_key_is_saved_and_shows_its_new_value(
    key: str, text: str, value: object, other_text: str, other: object, htmx: str, as_administrator: Visitor
) -> None:
    visitor = Visitor(as_administrator.user, htmx=htmx)
    for typed, expected in ((text, value), (other_text, other)):
        confirmed = {"confirmed": config.normalised(key, typed)}
        response = visitor.send("settings:setting", key, version=version(as_administrator, key), value=typed, **confirmed)
        assert response.status_code == (200 if htmx else 302)
        assert config.get(key) == expected
    shown = setting(as_administrator.see("settings:all"), key)
    assert "This is the default." not in shown.text
    assert shown.all("a", href=reverse("settings:delete", args=[key]))
    if htmx:
        events = json.loads(response["HX-Trigger"])
        assert events["toast"]["text"] == f"Saved {KEYS[key].label}."
        assert "list-changed" in events
    else:
        assert response["Location"] == f"{reverse('settings:all')}#setting-{key}"


def test_a_switch_that_is_off_submits_false_without_javascript(as_administrator: Visitor) -> None:
    config.add("notify_token_owners", "true", None)
    fields = setting(as_administrator.see("settings:all"), "notify_token_owners").all("input", name="value")
    assert [(field.attributes["type"], field.attributes["value"]) for field in fields] == [("hidden", "false"), ("checkbox", "true")]
    assert "checked" in fields[1].attributes
    both = {"version": version(as_administrator, "notify_token_owners"), "value": ["false", "true"]}
    assert as_administrator.send("settings:setting", "notify_token_owners", **both).status_code == 302
    assert config.get("notify_token_owners") is True
    assert save(as_administrator, "notify_token_owners", "false").status_code == 302
    assert config.get("notify_token_owners") is False


def test_each_bad_address_has_its_own_error_and_nothing_is_saved(as_administrator: Visitor) -> None:
    page = Page(save(as_administrator, "token_expiration_emails", "a@x.org;bob@;eve"))
    shown = setting(page, "token_expiration_emails")
    assert page.status == 422
    assert [error.text for error in shown.one("ul", "setting-errors").all("li")] == [
        "'bob@' is not an email address.",
        "'eve' is not an email address.",
    ]
    assert shown.one("textarea").text == "a@x.org;bob@;eve"
    assert shown.one("textarea").attributes["aria-invalid"] == "true"
    assert not Config.objects.exists()


@pytest.mark.parametrize(("text", "error"), [("", "Enter a value."), ("4", "'4' is not a whole number of minutes from 5 to 43,200.")])
def test_a_bad_value_is_named_beside_its_field(text: str, error: str, as_administrator: Visitor) -> None:
    page = Page(save(as_administrator, "session_minutes", text))
    assert page.status == 422
    assert setting(page, "session_minutes").one("ul", "setting-errors").text == error


def test_a_stale_form_does_not_overwrite_what_somebody_else_saved(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    mine = version(as_administrator, "session_minutes")
    config.put("session_minutes", "120", None)
    page = Page(save(as_administrator, "session_minutes", "90", version=mine))
    shown = setting(page, "session_minutes")
    assert (page.status, config.get("session_minutes")) == (409, 120)
    assert "is now set to 120. Save again to replace that. Nothing has been saved yet." in shown.one("div", "alert").text
    assert shown.all("input", name="value")[0].attributes["value"] == "90"
    again = shown.all("input", name="version")[0].attributes["value"]
    assert save(as_administrator, "session_minutes", "90", version=again).status_code == 302
    assert config.get("session_minutes") == 90


def test_a_value_that_weakens_security_is_saved_once_it_is_confirmed(as_administrator: Visitor) -> None:
    page = Page(save(as_administrator, "duplo_clients", "true"))
    shown = setting(page, "duplo_clients")
    assert (page.status, config.get("duplo_clients")) == (409, False)
    assert "browsers keep in their history. Save again to confirm. Nothing has been saved yet." in shown.one("div", "alert").text
    confirmed = shown.all("input", name="confirmed")[0].attributes["value"]
    assert save(as_administrator, "duplo_clients", "true", confirmed=confirmed).status_code == 302
    assert config.get("duplo_clients") is True
    assert save(as_administrator, "duplo_clients", "true").status_code == 302  # it is so already
    assert save(as_administrator, "duplo_clients", "false").status_code == 302


def test_a_confirmation_is_for_one_value(as_administrator: Visitor) -> None:
    assert save(as_administrator, "introspection_cache_seconds", "0", confirmed="60").status_code == 409
    assert save(as_administrator, "introspection_cache_seconds", "0", confirmed="0").status_code == 302


def test_a_reset_key_is_fetched_anew(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    visitor = Visitor(as_administrator.user, htmx="window")
    response = visitor.send("settings:delete", "session_minutes")
    assert json.loads(response["HX-Trigger"])["config-session_minutes"] is not None
    shown = Page(Visitor(as_administrator.user, htmx="setting").get(reverse("settings:setting", args=["session_minutes"])))
    assert setting(shown, "session_minutes").attributes["hx-trigger"] == "config-session_minutes from:body"
    assert not shown.all("html")
    assert "This is the default." in shown.text


def test_without_javascript_a_button_previews_the_change(as_administrator: Visitor) -> None:
    TokenFactory()
    page = Page(save(as_administrator, "token_expiration_days", "365", preview="1"))
    assert page.status == 200
    assert "Would raise 1 fault" in setting(page, "token_expiration_days").text
    assert not Config.objects.exists()


def test_a_key_that_does_not_exist_is_404(as_administrator: Visitor) -> None:
    assert as_administrator.send("settings:setting", "SECRET_KEY", value="x").status_code == 404


def test_both_tabs_lead_to_each_other(as_administrator: Visitor) -> None:
    for name in ("settings:config", "settings:all"):
        tabs = as_administrator.see(name).one("ul", "tabs").all("a")
        assert [(tab.text, tab.attributes["href"]) for tab in tabs] == [
            ("Config", reverse("settings:config")),
            ("All settings", reverse("settings:all")),
        ]
        assert [tab.attributes["href"] for tab in tabs if "aria-current" in tab.attributes] == [reverse(name)]
        marked = as_administrator.see(name).one("nav", "side").all("a", aria_current="page")
        assert [link.text for link in marked] == ["System Settings"]
