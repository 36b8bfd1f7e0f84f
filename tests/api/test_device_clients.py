"""openid-client, as people have it from npm, finds the portal's endpoints and signs in on a machine without a browser."""

import shutil
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.factories import UserFactory
from tests.node import node_and_npm, npm_packages
from tests.pages.visitor import Visitor
from tests.processes.running import Program
from tokens.models import Token
from tokens.verification.verify import Rejected, verify

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
RUNS_ON = "postgres"
PROGRAM = Path(__file__).parent / "device_program.mjs"


def test_openid_client_gets_the_token_once_it_is_approved(live_server: LiveServer, settings: Settings, tmp_path: Path) -> None:
    settings.PORTAL_URL = live_server.url
    (tmp_path / "node_modules").symlink_to(npm_packages("device") / "node_modules")
    script = shutil.copy(PROGRAM, tmp_path)  # node looks for packages beside the script
    visitor = Visitor(UserFactory())
    with Program([node_and_npm()[0], str(script)], {"PORTAL": live_server.url}, tmp_path) as program:
        code = program.wait_for("user code").split()[-1]
        assert visitor.send("tokens:device_approve", confirmed=code).status_code == 200
        assert program.ends_with_all(60) == 0, program.output
    found = verify(program.output.splitlines()[-1], timezone.now())
    assert not isinstance(found, Rejected)
    assert found.id == Token.objects.get(user=visitor.user).pk
