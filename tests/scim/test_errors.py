"""Errors that come from elsewhere are SCIM's, too: from the database, from before Django, and from other middleware."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from portal.core.early_responses import described
from portal.core.errors import ServiceError
from portal.scim import people_changes
from portal.scim.errors import ScimMiddleware
from portal.users.services import UserDeleted
from tests.scim.caller import Directory

RUNS_ON = "sqlite"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raised", "status"),
    [(OperationalError("away"), 503), (UserDeleted("gone"), 404), (ServiceError("no"), 400), (ZeroDivisionError(), 500)],
)
def test_each_error_has_its_status(raised: Exception, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise raised

    monkeypatch.setattr(people_changes, "create", fail)
    answer = Directory().create()
    assert (answer.status_code, answer["Content-Type"], answer.json()["status"]) == (status, "application/scim+json", str(status))
    assert ("Retry-After" in answer) is (status == 503)


@pytest.mark.parametrize(
    ("path", "response", "status"),
    [
        ("/scim/v2/Users", HttpResponse(status=302, headers={"Location": "/accounts/sign-in/"}), 404),
        ("/scim/v2/Users", HttpResponse("<h1>Too large</h1>", status=413), 413),
        ("/scim/v2/Users", HttpResponse(status=304), 304),
        ("/users", HttpResponse("<h1>Not found</h1>", status=404), 0),
    ],
)
def test_pages_of_others_become_errors(path: str, response: HttpResponse, status: int) -> None:
    answer = ScimMiddleware(lambda request: response)(RequestFactory().get(path))
    if status in (0, 304):
        assert answer is response
    else:
        assert (answer.status_code, json.loads(answer.content)["status"]) == (status, str(status))


def test_server_responds_early_in_the_same_form() -> None:
    content_type, body = described("/scim/v2/Users", 408)
    assert (content_type, json.loads(body)["status"]) == (b"application/scim+json", "408")
