"""OAuth libraries, as they come from PyPI and npm, introspect, revoke and sign in."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.utils import timezone

from tests.factories import AdministratorFactory, OperatorFactory, UserFactory, issue
from tests.node import node_and_npm, npm_packages
from tests.pages.visitor import Visitor
from tests.processes.running import REPOSITORY, Program
from tests.processes.serving import Server
from tests.services import missing
from tokens.models import Token
from tokens.verification.verify import Rejected, verify

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
RUNS_ON = "postgres"
PROGRAMS = Path(__file__).parent / "programs"
LIBRARIES = REPOSITORY / ".venv-bench/bin/python"
CHECKS = [(program, method) for program in ("authlib_client.py", "openid_client.mjs", "oauth4webapi.mjs") for method in ("basic", "post")]


@contextmanager
def program(folder: Path, portal: Server, script: str, *words: str, **environment: str) -> Iterator[Program]:
    """A program of tests/clients/programs, in Python with the libraries of requirements-bench.txt, or in JavaScript."""
    if script.endswith(".mjs"):
        (folder / "node_modules").symlink_to(npm_packages("oauth") / "node_modules")
        command = [node_and_npm()[0], shutil.copy(PROGRAMS / script, folder)]  # node looks for packages beside the script
    else:
        if not LIBRARIES.exists():
            missing("requirements-bench.txt in .venv-bench")
        command = [str(LIBRARIES), str(PROGRAMS / script)]
    around = {"PORTAL": portal.address, "AUTHLIB_INSECURE_TRANSPORT": "1", "NO_PROXY": "127.0.0.1", **environment}
    with Program([*command, *words], around, folder) as running:
        yield running


@pytest.mark.parametrize(("script", "method"), CHECKS)
def test_a_library_introspects_and_revokes_with_a_token_as_its_secret(portal: Server, tmp_path: Path, script: str, method: str) -> None:
    secrets = {"SECRET": issue(AdministratorFactory())[1], "TOKEN": issue(OperatorFactory(username="grace@example.com"))[1]}
    began = int(time.time())
    with program(tmp_path, portal, script, "check", f"client_secret_{method}", **secrets) as running:
        assert running.ends_with_all(60) == 0, running.output
    before, revoked, after = json.loads(running.output.splitlines()[-1])
    assert (before["active"], before["username"], before["scope"]) == (True, "grace@example.com", "operator user")
    assert began + 300 <= before["exp"] <= time.time() + 300
    assert (revoked, after) == (200, {"active": False})


@pytest.mark.parametrize("script", ["authlib_client.py", "openid_client.mjs"])
def test_a_library_signs_a_user_in_by_the_metadata_alone(portal: Server, tmp_path: Path, script: str) -> None:
    visitor = Visitor(UserFactory())
    with program(tmp_path, portal, script, "sign-in") as running:
        url = running.wait_for("open ").split()[-1]
        assert url.startswith(f"{portal.address}/cli/sign-in?")
        answer = visitor.send(url.removeprefix(portal.address))["Location"]
        urlopen(answer, timeout=10).close()
        assert running.ends_with_all(60) == 0, running.output
    found = verify(running.output.splitlines()[-1], timezone.now())
    assert not isinstance(found, Rejected)
    assert found.id == Token.objects.get(user=visitor.user).pk


@pytest.mark.parametrize("script", ["authlib_client.py", "openid_client.mjs"])
def test_a_library_signs_a_user_in_from_a_machine_without_a_browser(portal: Server, tmp_path: Path, script: str) -> None:
    visitor = Visitor(UserFactory())
    with program(tmp_path, portal, script, "device") as running:
        code = running.wait_for("enter ").split()[-1]
        assert visitor.send("tokens:device_approve", confirmed=code).status_code == 200
        assert running.ends_with_all(60) == 0, running.output
    found = verify(running.output.splitlines()[-1], timezone.now())
    assert not isinstance(found, Rejected)
    assert found.id == Token.objects.get(user=visitor.user).pk


@pytest.mark.parametrize("method", ["basic", "bearer"])
def test_django_oauth_toolkit_protects_a_resource_by_the_role(portal: Server, tmp_path: Path, method: str) -> None:
    secrets = {"SECRET": issue(AdministratorFactory())[1]}
    printed = []
    for owner in (OperatorFactory(), AdministratorFactory()):
        with program(tmp_path, portal, "toolkit_server.py", method, TOKEN=issue(owner)[1], **secrets) as running:
            assert running.ends_with_all(60) == 0, running.output
        printed.append(running.output.splitlines()[-1].split())
    assert [statuses for *statuses, _ in printed] == [["200", "403"], ["200", "200"]]
    assert all(240 < int(seconds) <= 300 for *_, seconds in printed)
