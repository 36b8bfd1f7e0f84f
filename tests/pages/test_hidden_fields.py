"""What no page of the Django admin shows cannot be asked for in its address either, a character at a time."""

import pytest
from django.urls import reverse

from tests.factories import OperatorFactory
from tests.pages.visitor import Visitor

HIDDEN = [
    ("users_user", "password__startswith"),
    ("users_user", "session_stamp__startswith"),
    ("notifications_message", "content__contains"),
    ("notifications_message", "about__contains"),
    ("tokens_token", "digest"),
    ("tokens_token", "session_hash__startswith"),
    ("tokens_token", "user__password__startswith"),
    ("tokens_notice", "message__content__contains"),
    ("tokens_notice", "token__digest"),
    ("tokens_scanrun", "person__password__startswith"),
    ("faults_fault", "acknowledged_by__password__startswith"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "lookup"), HIDDEN)
def test_an_operator_cannot_filter_by_a_hidden_field(model: str, lookup: str) -> None:
    visitor = Visitor(OperatorFactory())
    page = reverse(f"admin:{model}_changelist")
    assert visitor.get(page).status_code == 200
    assert visitor.get(page, {lookup: "x"}).status_code == 400
