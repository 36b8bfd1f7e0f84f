"""A directory's token that a former administrator created is a fault."""

import pytest
from django.utils import timezone

from portal.core.actors import Actor
from portal.faults.models import Fault
from portal.scim.tasks import check_directory_tokens
from portal.users import services as users
from tests.factories import AdministratorFactory, ServiceFactory, issue
from tests.scim.caller import Directory
from tokens import services

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


def open_faults() -> list[str]:
    check_directory_tokens()
    return [fault.resource for fault in Fault.objects.open().filter(source="scim-token-creator")]


def test_fault_is_open_until_the_token_is_replaced() -> None:
    leaver, chief = AdministratorFactory(), Actor(AdministratorFactory())
    directory, other = ServiceFactory(username="directory", may_provision=True), ServiceFactory()
    token, _ = issue(directory, "entra", actor=leaver)
    issue(other, "pipeline", actor=leaver)
    issue(directory, "from the command line")
    assert open_faults() == []
    users.update(leaver, None, "user", chief)
    assert open_faults() == open_faults() == ["entra of directory"]
    users.update(leaver, None, "administrator", chief)
    assert open_faults() == []
    users.deactivate(leaver, chief)
    assert open_faults() == ["entra of directory"]
    services.revoke(token, chief, timezone.now())
    assert open_faults() == []


def test_directory_goes_on_when_it_deactivates_the_creator_of_its_token() -> None:
    directory, leaver = Directory(), AdministratorFactory()
    AdministratorFactory()
    directory.token, directory.text = issue(directory.owner, "entra", actor=leaver)
    off = {"op": "replace", "path": "active", "value": False}
    assert directory.patch(f"user-{leaver.pk}", off).status_code == 200
    assert directory.create().status_code == 201
    assert open_faults() == [f"entra of {directory.owner.username}"]
