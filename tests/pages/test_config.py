"""System Settings, tab Config: every key added, changed and deleted; the sentence that says what the settings will do."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from settings_app import rules
from settings_app.models import Config
from settings_app.notification_keys import SECURITY_NOTIFICATIONS
from settings_app.registry import KEYS
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens.models import ScanRun

pytestmark = pytest.mark.django_db
# key, a value, what it is, another value, what that is
VALUES = [
    ("token_expiration_days", "15", (15,), " 1; 30 ;7; ", (30, 7, 1)),
    ("token_expiration_emails", "ops@example.com", ("ops@example.com",), "a@x.org; b@x.org", ("a@x.org", "b@x.org")),
    ("session_minutes", "5", 5, "43200", 43200),
    ("require_second_factor", "nobody", "nobody", " Administrators ", "administrators"),
    ("second_factor_grace_days", "0", 0, "90", 90),
    ("recent_sign_in_minutes", "15", 15, "1440", 1440),
    ("token_lifetime_days", "365", 365, "1", 1),
    ("tokens_per_person", "50", 50, "1", 1),
    ("tokens_per_service_account", "200", 200, "10000", 10000),
    ("roles_by_group", "Ops = operator", (("Ops", "operator"),), "A=user\nB = user", (("A", "user"), ("B", "user"))),
    ("emergency_administrator", "chief@example.com", "chief@example.com", " root ", "root"),
    ("introspection_cache_seconds", "300", 300, "0", 0),
    ("audit_days", "400", 400, "90", 90),
    ("users_may_create_tokens", "true", True, "False", False),
    ("notify_token_owners", "true", True, "false", False),
    ("require_owners", "true", True, "false", False),
    ("second_factor_after_company_sign_in", "true", True, "false", False),
    ("scim_invitations", "true", True, "false", False),
    ("local_passwords", "true", True, "false", False),
    ("company_sign_in_creates_accounts", "true", True, "false", False),
    *((name, "true", True, "false", False) for name, _, _ in SECURITY_NOTIFICATIONS),
    ("duplo_clients", "true", True, "false", False),
]
every_key = pytest.mark.parametrize(("key", "text", "value", "other_text", "other"), VALUES)
LABELS = {
    "App Config": [
        "Enable User Token Expiration Notifications",
        "User Token Expiration Notification Emails",
        "Authorization token session duration",
        "Require two-factor authentication for",
        "Grace period for two-factor authentication",
        "Ask for a recent sign-in before tokens are created or shown",
        "Maximum User Token Lifetime",
        "Maximum active tokens per person",
        "Maximum active tokens per service account",
        "Roles by Group",
        "Emergency administrator",
        "Introspection cache time",
        "Keep audit entries for",
    ],
    "Flags": [
        "Users may create their own API tokens",
        "Notify token owners",
        "Require owners of service accounts",
        "Ask for a second factor after company sign-in",
        *(label for _, label, _ in SECURITY_NOTIFICATIONS),
        "Invite people created by SCIM",
        "Allow local passwords",
        "Create accounts at first company sign-in",
        "DuploCloud client compatibility",
    ],
}
OLDER = {"App Config": ["Enable User Token Notification", "Enable. For Token Notification"]}


@pytest.fixture(autouse=True)
def no_rules_of_other_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_rules", {})


def add(visitor: Visitor, key: str, value: str) -> Page:
    return Page(visitor.send("settings:add", type=KEYS[key].type, key=key, value=value))


def send(visitor: Visitor, url: str, /, *args: str, **data: str) -> Any:
    """Posts the form at `url` with the version that it was read at."""
    return visitor.send(url, *args, **{"version": visitor.see(url, *args).all("input", name="version")[0].attributes["value"]} | data)


@every_key
@pytest.mark.parametrize("htmx", ["", "pane"])
def test_a_key_is_added_updated_and_deleted(
    key: str, text: str, value: object, other_text: str, other: object, htmx: str, as_administrator: Visitor
) -> None:
    visitor = Visitor(as_administrator.user, htmx=htmx)
    assert add(visitor, key, text).status == (204 if htmx else 302)
    assert config.get(key) == value
    page = as_administrator.see("settings:config")
    row = dict(zip(page.columns, page.rows[0], strict=True))
    assert (row["Type"], row["Key"], row["Value"]) == (KEYS[key].type, KEYS[key].label, text)
    menu = page.one("tbody").all("a", "dropdown-item")
    assert [entry.text for entry in menu[:2]] == ["Update", "Delete"]

    opened = visitor.see(menu[0].attributes["href"])
    assert (opened.value("type"), opened.value("key"), opened.value("value")) == (KEYS[key].type, key, text)
    assert send(visitor, menu[0].attributes["href"], value=other_text).status_code == (204 if htmx else 302)
    assert config.get(key) == other

    assert KEYS[key].label in visitor.see(menu[1].attributes["href"]).text
    assert send(visitor, menu[1].attributes["href"]).status_code == (204 if htmx else 302)
    assert config.get(key) == KEYS[key].default
    assert not Config.objects.exists()


def test_every_key_is_tested_here() -> None:
    assert {row[0] for row in VALUES} == set(KEYS)


def test_the_pane_offers_the_documented_types_and_keys_with_their_help(as_administrator: Visitor) -> None:
    page = as_administrator.see("settings:add")
    assert page.all("h1")[0].text == "Add Config"
    labels = page.one("form", "portal-form").all("label")
    assert [label.text.rstrip("*") for label in labels] == ["Config Type", "Key", "Value"]
    assert [option.text for option in page.one(name="type").all("option")] == ["Select", *LABELS]
    for type_, keys in LABELS.items():
        assert [option.text for option in page.one(name="key").all("option", data_type=type_)] == keys + OLDER.get(type_, [])
    for key in KEYS.values():
        assert page.one("p", data_help_for=key.name).text == " ".join(key.help.split())
    assert [button.text for button in page.one("form", "portal-form").all("button")] == ["Submit", "Preview"]


@pytest.mark.parametrize(("type_", "key"), [("Flags", "token_expiration_days"), ("App Config", "users_may_create_tokens")])
def test_a_key_of_the_other_type_is_refused(type_: str, key: str, as_administrator: Visitor) -> None:
    page = Page(as_administrator.send("settings:add", type=type_, key=key, value="15"))
    assert (page.status, page.errors) == (422, {"key": f"{KEYS[key].label} is of the type {KEYS[key].type}."})
    assert (page.value("type"), page.value("key"), page.value("value")) == (type_, key, "15")
    assert not Config.objects.exists()


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({}, {"type": "Choose App Config or Flags.", "key": "Choose a key."}),
        ({"type": "App Config", "value": "15"}, {"key": "Choose a key."}),
        ({"key": "token_expiration_days", "value": "15"}, {"type": "Choose App Config or Flags."}),
    ],
)
def test_a_missing_type_or_key_is_named(typed: dict[str, str], errors: dict[str, str], as_administrator: Visitor) -> None:
    page = Page(as_administrator.send("settings:add", **typed))
    assert (page.status, page.errors) == (422, errors)


def test_a_key_or_type_that_does_not_exist_is_refused(as_administrator: Visitor) -> None:
    page = Page(as_administrator.send("settings:add", type="Secret", key="SECRET_KEY", value="x"))
    assert (page.status, set(page.errors)) == (422, {"type", "key"})
    for verb in ("update", "delete"):
        assert as_administrator.send(f"settings:{verb}", "SECRET_KEY", value="x").status_code == 404
        assert as_administrator.send(f"settings:{verb}", "session_minutes", value="60").status_code == 404
    assert not Config.objects.exists()


def test_adding_a_key_that_is_set_shows_its_value_and_the_second_submission_replaces_it(as_administrator: Visitor) -> None:
    add(as_administrator, "session_minutes", "60")
    page = add(as_administrator, "session_minutes", "90")
    label = "Authorization token session duration"
    assert page.status == 409
    assert f"{label} is now set to 60. Nothing has been saved yet." in page.one("div", "conflict").text
    assert page.one("div", "conflict").one("tbody").text == "Value 60 90"
    assert (page.value("type"), page.value("key"), page.value("value")) == ("App Config", "session_minutes", "90")
    assert config.get("session_minutes") == 60
    again = {"type": "App Config", "key": "session_minutes", "value": "90", "version": page.value("version")}
    assert as_administrator.send("settings:add", **again)["Location"] == reverse("settings:config")
    assert config.get("session_minutes") == 90


def test_the_pane_loads_what_a_key_has(as_administrator: Visitor) -> None:
    config.add("token_expiration_days", "30;7", None)
    options = as_administrator.see("settings:add").one(name="key").all("option", value="token_expiration_days")
    assert {option.attributes["data-value"] for option in options} == {"30;7"}
    version = options[0].attributes["data-version"]
    data = {"type": "App Config", "key": "token_expiration_days", "value": "15", "version": version}
    assert as_administrator.send("settings:add", **data).status_code == 302
    assert config.get("token_expiration_days") == (15,)
    assert as_administrator.send("settings:add", **data | {"value": "20"}).status_code == 409  # that version is gone
    unset = as_administrator.see("settings:add").one(name="key").all("option", value="session_minutes")
    assert "data-value" not in unset[0].attributes


def test_a_stale_form_says_what_the_key_has_now_and_keeps_what_was_typed(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    mine = as_administrator.see("settings:update", "session_minutes").value("version")
    config.update(Config.objects.get(), "120", None)
    page = Page(as_administrator.send("settings:update", "session_minutes", value="90", version=mine))
    assert (page.status, page.value("value"), config.get("session_minutes")) == (409, "90", 120)
    assert page.one("div", "conflict").one("tbody").text == "Value 120 90"
    Config.objects.all().delete()
    page = Page(as_administrator.send("settings:update", "session_minutes", value="90", version=page.value("version")))
    assert (page.status, page.value("value")) == (409, "90")
    assert "is no longer set: its default applies." in page.text
    assert as_administrator.send("settings:update", "session_minutes", value="90", version=page.value("version")).status_code == 302
    assert config.get("session_minutes") == 90


def test_a_stale_form_with_the_value_that_the_key_has_by_now_is_no_conflict(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    mine = as_administrator.see("settings:update", "session_minutes").value("version")
    config.update(Config.objects.get(), "90", None)
    entries = Entry.objects.count()
    assert as_administrator.send("settings:update", "session_minutes", value="90", version=mine).status_code == 302
    assert Entry.objects.count() == entries


def test_a_key_that_was_changed_meanwhile_is_not_deleted_without_being_shown(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    mine = as_administrator.see("settings:delete", "session_minutes").all("input", name="version")[0].attributes["value"]
    config.update(Config.objects.get(), "120", None)
    page = Page(as_administrator.send("settings:delete", "session_minutes", version=mine))
    assert page.status == 409
    assert "(now 120)" in page.text
    assert "Nothing has been deleted yet." in page.text
    assert config.get("session_minutes") == 120
    assert send(as_administrator, "settings:delete", "session_minutes").status_code == 302
    assert not Config.objects.exists()


@pytest.mark.parametrize("older", OLDER["App Config"])
def test_the_names_of_older_documents_find_the_key(older: str, as_administrator: Visitor) -> None:
    config.add("token_expiration_days", "15", None)
    page = as_administrator.see("settings:config", q=older)
    assert page.column("Key") == ["Enable User Token Expiration Notifications"]
    group = as_administrator.see("settings:add").one("optgroup", label="Names in older documents")
    assert {option.text: option.attributes["value"] for option in group.all("option")}[older] == "token_expiration_days"


def test_addresses_may_be_typed_one_a_line(as_administrator: Visitor) -> None:
    add(as_administrator, "token_expiration_emails", "a@x.org\r\nb@x.org;\r\n\r\nc@x.org\r\n")
    assert config.get("token_expiration_emails") == ("a@x.org", "b@x.org", "c@x.org")
    assert Config.objects.get().value == "a@x.org;b@x.org;c@x.org"


def test_an_update_cannot_change_the_key(as_administrator: Visitor) -> None:
    add(as_administrator, "session_minutes", "60")
    send(as_administrator, "settings:update", "session_minutes", type="App Config", key="token_lifetime_days", value="90")
    assert list(Config.objects.values_list("key", "value")) == [("session_minutes", "90")]


def test_what_was_done_is_said_and_in_the_audit_trail(as_administrator: Visitor) -> None:
    as_administrator.htmx = "pane"
    label = "Authorization token session duration"
    said = [
        toast(as_administrator.send("settings:add", type="App Config", key="session_minutes", value="60"))["text"],
        toast(send(as_administrator, "settings:update", "session_minutes", value="90"))["text"],
        toast(send(as_administrator, "settings:delete", "session_minutes"))["text"],
    ]
    assert said == [f"Saved {label}.", f"Saved {label}.", f"Reset {label} to its default."]
    entries = Entry.objects.filter(target_kind="setting").order_by("pk").values_list("actor_name", "changes__value")
    assert list(entries) == [("alice@example.com", ["", "60"]), ("alice@example.com", ["60", "90"]), ("alice@example.com", ["90", ""])]


def test_search_finds_labels_types_and_values(as_administrator: Visitor) -> None:
    for key, text, *_rest in VALUES:
        config.add(key, text, None)
    of_type = {name: sum(key.type == name for key in KEYS.values()) for name in LABELS}
    named = sum("notification" in " ".join((key.label, *key.aliases)).lower() for key in KEYS.values())
    counts = {"flags": of_type["Flags"], "NOTIFICATION": named, "ops@": 1, "app config": of_type["App Config"], "session_minutes": 0}
    for words, count in counts.items():
        assert as_administrator.see("settings:config", q=words).total == count


EFFECTS = [
    ({}, "Expiry notifications are off. Add days and email addresses."),
    ({"token_expiration_days": "15"}, "Faults raised 15 days before expiry; no email, since no address is set."),
    ({"token_expiration_days": "1"}, "Faults raised 1 day before expiry; no email, since no address is set."),
    (
        {"token_expiration_days": "15", "token_expiration_emails": "a@x.org;b@x.org"},
        "Faults raised 15 days before expiry; email to 2 addresses.",
    ),
    (
        {"token_expiration_days": "30;7;1", "token_expiration_emails": "a@x.org"},
        "Faults raised 30, 7 and 1 days before expiry; email to 1 address.",
    ),
    ({"token_expiration_days": "15", "notify_token_owners": "true"}, "Faults raised 15 days before expiry; email to each token's owner."),
    (
        {"token_expiration_days": "7", "token_expiration_emails": "a@x.org", "notify_token_owners": "true"},
        "Faults raised 7 days before expiry; email to 1 address and each token's owner.",
    ),
    (
        {"token_expiration_emails": "a@x.org"},
        "No notifications will be sent: email addresses are set, but Enable User Token Expiration Notifications has no days.",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), EFFECTS)
def test_the_page_says_what_the_settings_will_do(values: dict[str, str], sentence: str, as_administrator: Visitor) -> None:
    for key, text in values.items():
        config.add(key, text, None)
    assert as_administrator.see("settings:config").one(id="scan-status").one("strong").text == sentence


@pytest.mark.usefixtures("in_utc")
def test_the_page_says_when_the_last_scan_ran_and_what_it_did(as_administrator: Visitor) -> None:
    status = as_administrator.see("settings:config").one(id="scan-status")
    assert "No scan has run yet." in status.text
    now = timezone.now()
    done = {"due": 3, "raised": 2, "cleared": 1, "queued": 4}
    ScanRun.objects.create(triggered_by="config", started_at=now, finished_at=now, **done)
    status = as_administrator.see("settings:config").one(id="scan-status")
    assert "(config change): 3 due, 2 faults raised, 1 cleared, 4 emails queued." in status.text
    assert status.one("time").attributes["title"] == f"{now:%Y-%m-%d %H:%M:%S} UTC"
    ScanRun.objects.create(triggered_by="schedule", started_at=timezone.now(), finished_at=timezone.now(), error="OperationalError")
    assert "(schedule): failed: OperationalError." in as_administrator.see("settings:config").one(id="scan-status").text


def test_a_key_deleted_by_somebody_else_is_404(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    assert as_administrator.get(reverse("settings:delete", args=["session_minutes"])).status_code == 200
    Config.objects.all().delete()
    assert as_administrator.send("settings:delete", "session_minutes").status_code == 404
