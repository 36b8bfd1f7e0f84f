"""Faults, Config and system information in DuploCloud's shapes, and lists of any length."""

import tomllib

import pytest

import settings_app.services as config
from portal.api.duplo import streams
from portal.faults.models import Fault
from tests.api.duplo.caller import DuploCaller
from tests.clock import now
from tests.factories import FaultFactory, TokenFactory
from tests.processes.running import REPOSITORY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("enabled")]
CONFIG = "/v3/admin/systemSettings/config"


def test_the_version_is_that_of_the_project() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert DuploCaller("user").ask("GET", "/v3/version") == {"tag": f"v{version}", "version": version}


def test_config_is_told_to_those_who_may_read_it() -> None:
    config.add("session_minutes", "60", None)
    config.add("notify_token_owners", "false", None)
    found = {
        "IsOtpNeeded": False,
        "IsAwsAdminJITEnabled": False,
        "EnabledFlags": ["duplo_clients"],
        "AppConfigs": [{"Type": "AppConfig", "Key": "session_minutes", "Value": "60"}],
    }
    assert DuploCaller("operator").ask("GET", "/v3/features/system") == found
    assert DuploCaller("user").ask("GET", "/v3/features/system") == found | {"EnabledFlags": [], "AppConfigs": []}


def test_a_setting_is_created_changed_and_deleted() -> None:
    caller, days = DuploCaller("administrator"), {"Type": "AppConfig", "Key": "token_expiration_days", "Value": "30; 7"}
    stored = days | {"Value": "30;7"}
    flag = {"Type": "Flags", "Key": "duplo_clients", "Value": "true"}
    assert caller.ask("POST", CONFIG, days) == stored
    assert caller.ask("GET", CONFIG) == [flag, stored]
    assert caller.ask("POST", CONFIG, days | {"Value": "7"}) == days | {"Value": "7"}
    assert caller.ask("DELETE", f"{CONFIG}/token_expiration_days") is None
    assert caller.call("DELETE", f"{CONFIG}/token_expiration_days").status_code == 404
    assert caller.ask("GET", CONFIG) == [flag]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Type": "Flags"}, "The Type of token_expiration_days is AppConfig."),
        ({"Key": "ENABLE_AI"}, "Choose one of the keys."),
        ({"Value": "0"}, "'0' is not a whole number of days from 1 to 365."),
    ],
)
def test_a_setting_that_cannot_be_is_rejected(change: dict[str, str], message: str) -> None:
    body = {"Type": "AppConfig", "Key": "token_expiration_days", "Value": "7"} | change
    response = DuploCaller("administrator").call("POST", CONFIG, body)
    assert (response.status_code, response.json()) == (422, {"Message": message})


def test_open_faults_have_both_of_duploclouds_shapes() -> None:
    caller, fault = DuploCaller("operator"), FaultFactory()
    FaultFactory(cleared_at=now())
    raised = fault.raised_at.isoformat()
    for path in ("/admin/GetAllFaults", "/adminproxy/GetAllFaults"):
        assert caller.ask("GET", path) == [
            {
                "TenantId": "",
                "AccountName": "",
                "ModuleName": fault.name,
                "Resource": fault.resource,
                "ResourceId": fault.key,
                "Description": fault.description,
                "LastSeen": raised,
                "Severity": "Warning",
            }
        ]
    data = {
        "message": fault.description,
        "severity": "warning",
        "resource": fault.resource,
        "detectedAt": raised,
        "code": fault.source,
    }
    assert caller.ask("GET", "/v1/aiservicedesk/admin/faults") == {"success": True, "data": [data]}


def test_there_are_no_tenants() -> None:
    caller = DuploCaller("user")
    assert caller.ask("GET", "/adminproxy/GetTenantNames") == caller.ask("GET", "/admin/GetTenantsForUser") == []


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
def test_a_list_is_whole_however_many_batches_it_has(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BATCH", 3)
    caller, raised = DuploCaller("administrator"), now()
    Fault.objects.bulk_create(FaultFactory.build(key=str(each), raised_at=raised) for each in range(count))
    expected = [str(each) for each in reversed(range(count))]
    assert [each["ResourceId"] for each in caller.ask("GET", "/admin/GetAllFaults")] == expected
    assert len(caller.ask("GET", "/v1/aiservicedesk/admin/faults")["data"]) == count
    for each in range(count):
        TokenFactory(user=caller.user, name=f"token {each}", created_at=raised)
    assert len({each["id"] for each in caller.ask("GET", "/v1/aiservicedesk/admin/data/apiTokens")}) == count + 1
