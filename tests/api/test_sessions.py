"""A user's sessions by the API."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.api.caller import Caller
from tests.factories import UserFactory
from tests.sessions.signing_in import PHONE, active, sign_in

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["user", "administrator"])
def test_sessions_are_listed_page_by_page_and_ended(role: str) -> None:
    caller = Caller(role)
    owner: User = caller.user if role == "user" else UserFactory()
    visitors = [sign_in(owner, PHONE, "192.0.2.9") for _ in range(3)]
    path = f"/users/{owner.username}/sessions"
    found = caller.all(path)
    assert [(each["device"], each["address"], each["method"]) for each in found] == [("Safari on iPhone", "192.0.2.9", "Password")] * 3
    assert len(caller.call("GET", f"{path}?limit=2").json()["items"]) == 2
    assert caller.call("GET", f"{path}?q=x").status_code == 422
    assert caller.call("DELETE", path).status_code == 204
    assert active(owner) == []
    assert {visitor.get(reverse("profile")).status_code for visitor in visitors} == {302}
    assert caller.call("GET", path).json()["items"] == []
