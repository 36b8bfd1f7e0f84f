"""The Django admin and what no page of it sends: a clear answer below 500, whatever stands in the query or the form."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.faults.models import Fault
from tests.factories import FaultFactory
from tests.pages.test_admin_site import ADMINS, EXPECTED, rows
from tests.pages.visitor import Visitor

__all__ = ["rows"]

pytestmark = pytest.mark.django_db
VALUES = [
    "",
    "x",
    "-1",
    "9" * 19,
    "9" * 26,
    "-" + "9" * 400,
    "9" * 5000,
    "1e400",
    "nan",
    "\x00",
    "a\x00b",
    "\ud800",
    "é",
    "2026-02-30",
    "2026-13-01 25:61",
    "0000-00-00",
    "99999-01-01",
    "__class__",
    "[]",
    "1,2,x",
    "%s%n{}",
    "'; --",
    "00000000-0000-0000-0000-00000000000g",
]
PARAMETERS = [
    "_to_field",
    "_popup",
    "_facets",
    "_changelist_filters",
    "q",
    "o",
    "p",
    "all",
    "e",
    "_source_model",
    "pk",
    "id",
    "id__in",
    "pk__gt",
    "nothing",
    "__",
    "a__b__c",
]
SUFFIXES = [
    "",
    "__exact",
    "__in",
    "__isnull",
    "__isempty",
    "__gte",
    "__year",
    "__month",
    "__day",
    "__range",
    "__regex",
    "__nothing",
    "__contains",
    "__date",
    "__pk",
    "__id__exact",
]
SAFE_STATUS = {200, 302, 400, 403, 404, 405}


def fields(model_admin: ModelAdmin) -> Iterator[str]:
    yield from (field.name for field in model_admin.model._meta.get_fields())
    yield from ("user__username", "user__password", "actor__id", "digest__state", "resource_type", "cid")


def queries(model_admin: ModelAdmin) -> Iterator[str]:
    """Every parameter with every value; every field with every suffix, with the values in turn."""
    for name in PARAMETERS:
        for value in VALUES[::2]:
            yield urlencode({name: value}, errors="surrogatepass")
    turn = 0
    for field in fields(model_admin):
        for suffix in SUFFIXES:
            turn += 1
            yield urlencode({field + suffix: VALUES[turn * 7 % len(VALUES)]}, errors="surrogatepass")
    yield "o=1&o=2&p=1&p=x"
    yield "&".join(f"a{n}=1" for n in range(2000))


@pytest.fixture
def as_reviewer(as_operator: Visitor) -> Visitor:
    as_operator.raise_request_exception = False
    return as_operator


def status(visitor: Visitor, url: str, form: str | None = None) -> int:
    """What one request is answered. Nothing of it stays: a statement that PostgreSQL rejects ends the transaction that each test is."""
    with transaction.atomic():
        answer = visitor.get(url) if form is None else visitor.post(url, form)
        transaction.set_rollback(True)
    return answer.status_code


@pytest.mark.field
@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_no_query_of_a_list_is_an_error_of_ours(model: str, as_reviewer: Visitor, rows: dict[str, Any]) -> None:
    url = reverse(f"admin:{model}_changelist")
    answers = {query: status(as_reviewer, f"{url}?{query}") for query in queries(ADMINS[model])}
    assert {query[:200]: found for query, found in answers.items() if found not in SAFE_STATUS} == {}
    assert as_reviewer.get(url).status_code == 200


@pytest.mark.field
@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_no_query_of_any_other_page_is_an_error_of_ours(model: str, as_reviewer: Visitor, rows: dict[str, Any]) -> None:
    pk = rows[model].pk
    pages = [reverse(f"admin:{model}_{page}", args=[pk]) for page in ("change", "history", "delete")] + [reverse(f"admin:{model}_add")]
    pages += [f"/admin/r/{name}/{pk}/" for name in ("1", "x", "9" * 26)]
    pages += ["/admin/", f"/admin/{model.partition('_')[0]}/", "/admin/jsi18n/", "/admin/autocomplete/"]
    queries = [
        urlencode({name: value}, errors="surrogatepass")
        for name in (*PARAMETERS, "term", "app_label", "field_name")
        for value in VALUES[:14:4]
    ]
    answers = {f"{page}?{query}": status(as_reviewer, f"{page}?{query}") for page in pages for query in queries}
    assert {query[:200]: found for query, found in answers.items() if found not in SAFE_STATUS} == {}


@pytest.mark.field
@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_no_row_that_is_not_there_is_an_error_of_ours(model: str, as_reviewer: Visitor, rows: dict[str, Any]) -> None:
    folder = reverse(f"admin:{model}_changelist")
    urls = [
        f"{folder}{quote(value, errors='surrogatepass')}/{page}/" for value in VALUES if value for page in ("change", "history", "delete")
    ]
    urls += [f"{folder}{quote(value, errors='surrogatepass')}/" for value in ("_5F", "_", "_zz", "_00", "a_0Ab", "_FF")]
    answers = {url: status(as_reviewer, url) for url in urls}
    assert {url[:200]: found for url, found in answers.items() if found not in SAFE_STATUS} == {}


def forms() -> Iterator[dict[str, Any]]:
    """What no form of a list sends, beside one field that is as it should be."""
    good = {"action": "clear", "_selected_action": "1", "index": "0", "select_across": "0"}
    for name in (*good, "form-TOTAL_FORMS", "form-INITIAL_FORMS", "_save", "post", "next"):
        for value in VALUES:
            yield {**good, name: value}
    yield {**good, "_selected_action": ["1"] * 900}
    yield {**good, "_selected_action": [str(n) for n in range(900)]}
    yield {"action": "delete_selected", "select_across": "1", "_selected_action": "1"}
    yield {}


@pytest.mark.field
@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_no_form_is_an_error_of_ours(model: str, as_reviewer: Visitor, rows: dict[str, Any]) -> None:
    urls = [reverse(f"admin:{model}_changelist"), reverse(f"admin:{model}_changelist") + "?id__in=x"]
    answers = {}
    for form in forms():
        data = urlencode(form, doseq=True, errors="surrogatepass")
        for url in urls:
            answers[data[:200]] = status(as_reviewer, url, data)
    assert {form: found for form, found in answers.items() if found not in SAFE_STATUS} == {}


REPORTED = [
    ("?_to_field=", {}),
    ("?acknowledged_by__id__exact=" + "9" * 26, {}),
    ("?q=" + "a+" * 3000, {}),
    ("?name__regex=(a%2B)%2B%24", {}),
    ("", {"action": "clear", "_selected_action": "x", "index": "0"}),
    ("", {"action": "clear", "_selected_action": "1", "index": "0", "select_across": "__class__"}),
]


@pytest.mark.parametrize(("query", "form"), REPORTED)
def test_the_errors_that_were_reported_are_clear_answers(query: str, form: dict[str, str], as_reviewer: Visitor) -> None:
    fault = FaultFactory()
    url = reverse("admin:faults_fault_changelist") + query
    answer = as_reviewer.post(url, form) if form else as_reviewer.get(url)
    assert answer.status_code in (200, 302, 400)
    assert answer.status_code != 400 or b"/admin/" not in answer.content
    assert Fault.objects.get(pk=fault.pk).cleared_at is None


def test_a_bug_in_the_django_admin_is_still_an_error_of_ours(as_reviewer: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.site, "each_context", lambda request: 1 / 0)
    assert as_reviewer.get("/admin/").status_code == 500


def test_a_stranger_is_sent_to_sign_in_whatever_the_query(client: Client) -> None:
    for query in ("?_to_field=", "?name__regex=x"):
        assert client.get(reverse("admin:faults_fault_changelist") + query).status_code == 302
