"""The Django admin: operators read everything there, acknowledge and clear faults, and can do nothing else; no secret is shown."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.faults.models import Fault
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.users.models import User
from tests.factories import PASSWORD, FaultFactory, TokenFactory, UserFactory, issue
from tests.notifications.rejecting import queue
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import token_format
from tokens.models import Notice, ScanRun, Token

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db
CHANGELIST = "admin:faults_fault_changelist"
ADMINS = {model._meta.label_lower.replace(".", "_"): model_admin for model, model_admin in admin.site._registry.items()}
EXPECTED = {
    "faults_fault",
    "notifications_message",
    "settings_app_config",
    "tokens_notice",
    "tokens_scanrun",
    "tokens_token",
    "users_user",
}


@pytest.fixture
def rows(person: User, administrator: User) -> dict[str, Any]:
    """One row of everything that the Django admin shows, with secrets in them."""
    now = timezone.now()
    token, text = issue(person, "deploy", actor=administrator)
    email = queue("ops@example.com", "Your account", "link: SECRET-LINK", "<p>SECRET-LINK</p>")
    Message.objects.filter(pk=email.pk).update(last_error="OSError: no")
    run = ScanRun.objects.create(triggered_by="person", person=administrator, started_at=now, finished_at=now)
    return {
        "users_user": person,
        "tokens_token": token,
        "faults_fault": FaultFactory(),
        "tokens_scanrun": run,
        "tokens_notice": Notice.objects.create(token=token, threshold=7, address="ops@example.com", created_at=now, message=email),
        "notifications_message": email,
        "settings_app_config": config.add("token_expiration_days", "15", Actor(administrator)),
        "text": text,
    }


def pages(model: str, row: Any) -> list[str]:
    changelist = reverse(f"admin:{model}_changelist")
    return [
        changelist,
        f"{changelist}?q=e",
        reverse(f"admin:{model}_change", args=[row.pk]),
        reverse(f"admin:{model}_history", args=[row.pk]),
    ]


def test_the_index_offers_exactly_what_operators_review(as_operator: Visitor) -> None:
    assert set(ADMINS) == EXPECTED
    page = as_operator.see("admin:index")
    links = {link.attributes["href"] for link in page.one(id="content-main").all("a")}
    for model in EXPECTED:
        assert reverse(f"admin:{model}_changelist") in links
    assert not [link for link in links if link.endswith(("/add/", "/delete/"))]


@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_every_page_opens_and_shows_no_secret(model: str, as_operator: Visitor, rows: dict[str, Any]) -> None:
    token, user = rows["tokens_token"], rows["users_user"]
    temporary = Token.objects.filter(kind="temporary").first()
    secrets = {
        "text": rows["text"][4:20],
        "digest": bytes(token.digest).hex(),
        "digest as bytes": repr(token_format.digest(rows["text"]))[2:20],
        "session hash": temporary.session_hash,
        "password": user.password,
        "password's hash": user.password.rpartition("$")[2],
        "session stamp": user.session_stamp,
        "mail's text": "SECRET-LINK",
    }
    assert all(secrets.values())
    for url in pages(model, rows[model]):
        page = Page(as_operator.get(url, follow=True))
        assert page.status == 200, url
        assert not [name for name, text in secrets.items() if text in page.source], url


@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_a_list_can_be_searched_sorted_and_filtered_in_every_way_it_offers(model: str, as_operator: Visitor, rows: dict[str, Any]) -> None:
    changelist = reverse(f"admin:{model}_changelist")
    page = as_operator.see(changelist)
    links = {link.attributes["href"] for link in page.one(id="changelist").all("a") if link.attributes.get("href", "").startswith("?")}
    assert links
    for query in [*links, "?q=o'b", "?q=%3Cscript%3E", "?p=1000000000", "?o=99.-99", f"?q={'x' * 3000}"]:
        answer = as_operator.get(changelist + query, follow=True)
        assert answer.status_code == 200, query
        assert b"<script>'" not in answer.content


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """Every row of our tables; sessions, which each visit writes, are left out."""
    models = [model for model in apps.get_models() if model._meta.app_label not in ("sessions", "contenttypes", "auth", "account")]
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("role", ["operator", "administrator"])
@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_nobody_adds_changes_or_deletes_by_any_form(model: str, role: str, rows: dict[str, Any]) -> None:
    visitor = Visitor(UserFactory(role=role))
    row = rows[model]
    values = {"name": "hijacked", "username": "hijacked", "value": "1", "role": "administrator", "_save": "Save", "post": "yes"}
    before = snapshot()
    for url in (
        reverse(f"admin:{model}_add"),
        reverse(f"admin:{model}_change", args=[row.pk]),
        reverse(f"admin:{model}_delete", args=[row.pk]),
    ):
        assert visitor.send(url, **values).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes", "index": "0"}
    assert visitor.send(f"admin:{model}_changelist", **delete).status_code in (200, 302)
    assert snapshot() == before


@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_no_page_offers_a_button_that_saves_or_deletes(model: str, as_operator: Visitor, rows: dict[str, Any]) -> None:
    for url in pages(model, rows[model]):
        page = Page(as_operator.get(url, follow=True))
        buttons = [field.attributes.get("name") for field in page.all("input", type="submit")]
        assert not {"_save", "_addanother", "_continue"} & set(buttons)
        assert not page.all("a", "addlink")
        assert not page.all("a", "deletelink")


def act(visitor: Visitor, action: str, *faults: Fault) -> Page:
    data = {"action": action, "_selected_action": [fault.pk for fault in faults], "index": "0"}
    return Page(visitor.post(reverse(CHANGELIST), data, follow=True))


ACTIONS: list[tuple[str, Callable[[Fault], bool], str]] = [
    ("acknowledge", lambda fault: str(fault.acknowledged_by) == "oscar@example.com", "acknowledged"),
    ("clear", lambda fault: fault.cleared_at is not None, "cleared"),
]


@pytest.mark.parametrize(("action", "done", "word"), ACTIONS)
def test_operators_acknowledge_and_clear_and_the_audit_trail_says_who(
    action: str, done: Callable[[Fault], bool], word: str, as_operator: Visitor
) -> None:
    one, two, other = (FaultFactory() for _ in range(3))
    page = act(as_operator, action, one, two)
    assert page.one("div", "note-success").text.startswith(f"2 {word}.")
    assert [done(Fault.objects.get(pk=fault.pk)) for fault in (one, two, other)] == [True, True, False]
    assert set(Entry.objects.values_list("actor_name", flat=True)) == {"oscar@example.com"}
    again = act(as_operator, action, one, two)
    assert again.one("div", "note-success").text.startswith(f"0 {word}.")
    assert Entry.objects.filter(target_kind="fault").count() == 2


def review(visitor: Visitor, fault: Fault, action: str) -> str:
    """What the fault's page says after one of its buttons was pressed. Fails if it has no such button."""
    form = f"/admin/faults/fault/{fault.pk}/{action}/"
    page = as_page(visitor, fault)
    assert form in [each.attributes.get("action") for each in page.all("form")]
    return Page(visitor.post(form, follow=True)).one("div", "note-success").text


def as_page(visitor: Visitor, fault: Fault) -> Page:
    return visitor.see("admin:faults_fault_change", fault.pk)


def test_a_faults_page_acknowledges_undoes_and_clears(as_operator: Visitor) -> None:
    fault = FaultFactory()
    for action, message, state in (
        ("acknowledge", "Acknowledged.", "Acknowledged"),
        ("undo", "Open again.", "Open"),
        ("clear", "Cleared.", "Cleared"),
    ):
        assert review(as_operator, fault, action).startswith(message)
        assert as_page(as_operator, fault).one("dd", "field-state").text == state
    actions = [form.attributes.get("action") or "" for form in as_page(as_operator, fault).all("form")]
    assert not [action for action in actions if action.startswith("/admin/")]
    late = Page(as_operator.post(f"/admin/faults/fault/{fault.pk}/acknowledge/", follow=True))
    assert "already been acknowledged or cleared" in late.one("div", "note-error").text


def test_a_faults_page_shows_links_and_badges_and_no_json(as_operator: Visitor) -> None:
    fault = FaultFactory(severity="critical", links=[{"label": "Token", "url": "/tokens/1/", "admin_url": "/admin/tokens/token/1/"}])
    page = as_page(as_operator, fault)
    assert [link.attributes["href"] for link in page.one("dd", "field-see").all("a")] == ["/admin/tokens/token/1/", f"/faults/{fault.pk}/"]
    assert page.one("dd", "field-severity_pill").one("span", "pill-critical").text == "Critical"
    assert "admin_url" not in page.source
    assert "{" not in page.one("dl", "facts").text


def test_history_is_the_audit_trail_of_the_row(as_operator: Visitor) -> None:
    fault, other = FaultFactory(), FaultFactory()
    act(as_operator, "acknowledge", fault, other)
    page = Page(as_operator.get(reverse("admin:faults_fault_history", args=[fault.pk]), follow=True))
    assert page.column("On what") == [f"Fault {fault}"]


def test_times_have_24_hours_and_a_zone(as_operator: Visitor) -> None:
    FaultFactory(raised_at=datetime(2026, 11, 28, 21, 12, tzinfo=UTC))
    page = as_operator.see(CHANGELIST)
    assert page.one("td", "field-raised_at").text == "Nov 28, 2026, 21:12 UTC"


@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_a_list_counts_once_and_no_filter_reads_all_rows(model: str, as_operator: Visitor, rows: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as captured:
        as_operator.get(reverse(f"admin:{model}_changelist"))
    queries = [each["sql"] for each in captured if f'FROM "{rows[model]._meta.db_table}"' in each["sql"]]
    bell = model == "faults_fault"  # which counts too
    assert sum("COUNT(" in sql for sql in queries) <= 1 + bell
    assert not [sql for sql in queries if "DISTINCT" in sql]


def test_the_only_actions_are_acknowledge_and_clear(as_operator: Visitor, rows: dict[str, Any]) -> None:
    for model in EXPECTED:
        selects = as_operator.see(f"admin:{model}_changelist").all("select", name="action")
        options = [option.text for select in selects for option in select.all("option")]
        assert options[1:] == (["Acknowledge", "Clear"] if model == "faults_fault" else []), model


def test_users_cannot_act_on_faults(as_person: Visitor) -> None:
    fault = FaultFactory()
    assert act(as_person, "clear", fault).status == 403
    assert Fault.objects.get().cleared_at is None


def test_the_fault_list_has_filters_search_and_dates(as_operator: Visitor) -> None:
    FaultFactory(resource="here", severity="critical")
    FaultFactory(resource="gone", cleared_at=timezone.now())
    url = reverse(CHANGELIST)
    for query, expected in (
        ({"q": "here"}, ["here"]),
        ({"severity__exact": "critical"}, ["here"]),
        ({"state": "open"}, ["here"]),
        ({"state": "cleared"}, ["gone"]),
        ({"raised_at__year": "1999"}, []),
    ):
        page = as_operator.see(url, **query)
        assert [cell.text for cell in page.all("td", "field-resource")] == expected, query


def test_a_tokens_expiry_is_written_as_its_other_dates(as_operator: Visitor) -> None:
    token = TokenFactory(expires_at=datetime(2099, 3, 2, tzinfo=UTC))
    page = as_operator.see("admin:tokens_token_changelist")
    assert [cell.text for cell in page.all("td", "field-expires")] == ["Mar 1, 2099, 23:59 UTC"]
    assert "Mar 1, 2099, 23:59 UTC" in as_operator.see("admin:tokens_token_change", token.pk).text


def test_a_delivered_mails_row_shows_its_fate_and_no_text(as_operator: Visitor, rows: dict[str, Any]) -> None:
    assert delivery.deliver(timezone.now()) == (2, 0), "and the one that says that a token was created"
    page = as_operator.see("admin:notifications_message_change", rows["notifications_message"].pk)
    assert "ops@example.com" in page.text
    assert "Sent" in page.text or "sent" in page.text
    assert "SECRET-LINK" not in page.source


def test_a_notice_says_what_became_of_its_mail(as_operator: Visitor, rows: dict[str, Any]) -> None:
    def cells(column: str) -> list[str]:
        return [cell.text for cell in as_operator.see("admin:tokens_notice_changelist").all("td", f"field-{column}")]

    assert [cells(column) for column in ("state", "sent_at", "attempts", "last_error")] == [["Queued"], ["—"], ["0"], ["OSError: no"]]
    delivery.deliver(timezone.now())
    assert cells("state") == ["Sent"]
    assert cells("sent_at") != ["—"]
    assert as_operator.see("admin:tokens_notice_changelist", message__state__exact="failed").all("td", "field-state") == []
    messages = as_operator.see("admin:notifications_message_changelist", state__exact="sent", kind__exact="library")
    assert [cell.text for cell in messages.all("td", "field-state_pill")] == ["Sent"]
    page = as_operator.see("admin:notifications_message_change", rows["notifications_message"].pk)
    assert rows["notifications_message"].message_id in unescape(page.source)


def test_a_scan_says_what_triggered_it(as_operator: Visitor, rows: dict[str, Any], administrator: User) -> None:
    page = as_operator.see("admin:tokens_scanrun_changelist")
    assert [cell.text for cell in page.all("td", "field-trigger")] == [f"Scan now ({administrator})"]


def test_the_way_in_is_our_sign_in_and_leads_back(anonymous: Visitor, operator: User) -> None:
    target = reverse(CHANGELIST)
    response = anonymous.get(target, follow=True)
    page = Page(response)
    assert page.one("h1").text == "Sign in"
    assert [hop[0].partition("?")[0] for hop in response.redirect_chain] == [reverse("admin:login"), reverse("account_login")]
    answer = anonymous.send("account_login", login=operator.username, password=PASSWORD, next=page.value("next"))
    assert answer["Location"] == target


def test_no_form_at_the_django_admins_own_address_tries_anybodys_password(as_operator: Visitor, administrator: User) -> None:
    for client in (as_operator, Visitor()):
        answer = client.send("admin:login", username=administrator.username, password=PASSWORD, next="/admin/")
        assert answer.status_code == 302
        assert client.get(reverse("users:list")).status_code in (302, 403)


def test_the_django_admins_logout_ends_the_temporary_token_too(as_operator: Visitor) -> None:
    as_operator.send("admin:logout")
    assert Token.objects.get(kind="temporary").revoked_at is not None


def test_the_django_admins_password_page_is_ours(as_operator: Visitor) -> None:
    assert as_operator.get("/admin/password_change/")["Location"] == reverse("account_change_password")


def test_the_admin_is_named_after_the_portal(as_administrator: Visitor) -> None:
    page = as_administrator.see("admin:index")
    assert page.one("h1").text == "Faults and related records"
    assert "Token Portal administration" in page.one("nav", **{"aria-label": "Breadcrumb"}).text


def test_users_are_filtered_by_their_state(as_operator: Visitor) -> None:
    UserFactory(username="off@example.com", is_active=False)
    UserFactory(username="gone@example.com", is_active=False, deleted_at=timezone.now())
    invited = UserFactory(username="new@example.com")
    invited.set_unusable_password()
    invited.save()
    for state, expected in (("invited", ["new@example.com"]), ("inactive", ["off@example.com"]), ("deleted", ["gone@example.com"])):
        page = as_operator.see("admin:users_user_changelist", state=state)
        assert [cell.text for cell in page.all("th", "field-username")] == expected
        assert [cell.text for cell in page.all("td", "field-state")] == [state.capitalize()]


def test_tokens_are_filtered_by_their_state_and_found_by_name_and_owner(as_operator: Visitor) -> None:
    now = timezone.now()
    owner = UserFactory(username="olive@example.com")
    TokenFactory(user=owner, name="works")
    TokenFactory(user=owner, name="taken-back", revoked_at=now)
    TokenFactory(user=owner, name="over", expires_at=now)
    for query, expected in (
        ({"state": "active"}, ["works"]),
        ({"state": "expired"}, ["over"]),
        ({"state": "revoked"}, ["taken-back"]),
        ({"q": "TAKEN"}, ["taken-back"]),
        ({"q": "olive", "state": "active"}, ["works"]),
        ({"q": "olive", "o": "0"}, ["over", "taken-back", "works"]),
        ({"kind": "temporary"}, [Token.objects.get(kind="temporary").name]),
        ({"kind": "temporary", "q": "olive"}, []),
    ):
        page = as_operator.see("admin:tokens_token_changelist", **query)
        assert [cell.text for cell in page.all("th", "field-name")] == expected, query
