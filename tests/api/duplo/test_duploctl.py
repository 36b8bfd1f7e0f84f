"""The real `duploctl`, from PyPI, against a real portal behind a real nginx with TLS."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone
from playwright.sync_api import Browser, expect

import settings_app.services as config
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, FaultFactory, OperatorFactory, issue
from tests.gateway.tls import proxy
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.processes.serving import Server, environment, this_database
from tests.services import missing
from tokens.verification.verify import verify

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
PROGRAM = REPOSITORY / ".venv-bench/bin/duploctl"


class Duploctl:
    """The client on its user's machine: `folder` is its home, which holds the certificate of the portal at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "REQUESTS_CA_BUNDLE": str(folder / "portal.pem")}

    def command(self, *words: str) -> list[str]:
        return [str(PROGRAM), "--host", self.url, "--output", "json", *words]

    def run(self, token: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = self.command("--token", token, *words)
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def prints(self, token: str, *words: str) -> Any:
        """The JSON that it prints."""
        done = self.run(token, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def fails(self, token: str, *words: str) -> str:
        """What it prints."""
        done = self.run(token, *words)
        assert done.returncode != 0
        assert "<html" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def body(self, **fields: Any) -> str:
        """A file with an object for -f."""
        path = self.folder / "body.yaml"
        path.write_text(json.dumps(fields))  # which is YAML too
        return str(path)


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def duploctl(transactional_db: None, tmp_path: Path) -> Iterator[Duploctl]:
    if not PROGRAM.exists():
        missing("duploctl (requirements-bench.txt in .venv-bench)")
    config.add("duplo_clients", "true", None)
    tls = free_port()
    url = f"https://localhost:{tls}"
    portal = environment(tmp_path, this_database(), PORTAL_URL=url, TRUSTED_PROXIES="127.0.0.1", DEBUG="true")
    with Server(portal) as server, proxy(tmp_path, server.port, free_port(), tls) as nginx:
        server.answers()
        until(lambda: listens(tls), lambda: f"nginx:\n{nginx.output}")
        yield Duploctl(tmp_path, url)


@pytest.fixture
def token(transactional_db: None) -> str:
    """An administrator's."""
    return issue(AdministratorFactory(username="anna@example.com"), "duploctl")[1]


def shape(name: str, role: str = "User", read_only: bool = False) -> dict[str, Any]:
    return {"Username": name, "Roles": [role], "IsReadOnly": read_only, "ApiTokens": [], "State": "active"}


def test_users_are_listed_created_updated_applied_and_deleted(duploctl: Duploctl, token: str) -> None:
    OperatorFactory(username="olga@example.com")
    anna, olga = shape("anna@example.com", "Administrator"), shape("olga@example.com", read_only=True)
    assert duploctl.prints(token, "user", "list") == [anna, olga]
    assert duploctl.prints(token, "user", "find", "olga@example.com") == olga
    assert "nobody@example.com" in duploctl.fails(token, "user", "find", "nobody@example.com")

    bob = duploctl.body(Username="bob@example.com", Roles=["User"])
    assert duploctl.prints(token, "user", "create", "-f", bob) == shape("bob@example.com")
    assert "A user named bob@example.com already exists." in duploctl.fails(token, "user", "create", "-f", bob)
    raised = duploctl.body(Username="bob@example.com", Roles=["Administrator"])
    assert duploctl.prints(token, "user", "update", "-f", raised) == shape("bob@example.com", "Administrator")
    assert User.objects.get(username="bob@example.com").role == "administrator"
    # What was read can be sent back: an operator stays one.
    assert duploctl.prints(token, "user", "apply", "-f", duploctl.body(**olga)) == olga
    assert User.objects.get(username="olga@example.com").role == "operator"
    applied = duploctl.prints(token, "user", "apply", "-f", duploctl.body(Username="robot", Roles=["User"]))
    assert applied == shape("robot")
    assert duploctl.prints(token, "user", "delete", "robot") == {"message": "robot deleted successfully"}
    assert "robot" not in str(duploctl.prints(token, "user", "list"))
    assert '{"Message": "Not found' in duploctl.fails(token, "user", "delete", "robot")


def test_the_other_commands_print_what_the_portal_has(duploctl: Duploctl, token: str) -> None:
    fault = FaultFactory()
    assert duploctl.prints(token, "system", "info")["EnabledFlags"] == ["duplo_clients"]
    assert duploctl.prints(token, "tenant", "list") == []
    assert duploctl.prints(token, "jit", "token") == {"token": token}
    assert [each["Description"] for each in duploctl.prints(token, "infrastructure", "faults", "any")] == [fault.description] * 2
    versions = duploctl.prints(token, "version")
    assert set(versions["backend"]) == {"tag", "version"}
    assert all("Message" in versions[name]["error"] for name in ("ui", "frontdoor", "auth"))
    assert '{"Message": "Not found' in duploctl.fails(token, "infrastructure", "list")


def test_each_role_may_do_with_it_what_it_may_do(duploctl: Duploctl) -> None:
    token = issue(OperatorFactory(), "duploctl")[1]
    assert len(duploctl.prints(token, "user", "list")) == 1
    assert "The token is unknown, expired or revoked." in duploctl.fails("tpp_unknown", "user", "list")
    assert "does not have permission" in duploctl.fails(token, "user", "create", "-f", duploctl.body(Username="bob@example.com"))
    assert not User.objects.filter(username="bob@example.com").exists()
    config.delete(config.put("duplo_clients", "false", None), None)
    assert '{"Message": "Not found' in duploctl.fails(token, "user", "list")


def test_the_interactive_login_gets_the_sessions_temporary_token(duploctl: Duploctl, browser: Browser) -> None:
    person = AdministratorFactory(username="anna@example.com")
    # The portal has Django's password hashers, not those of the tests.
    User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "some salt for this test"))
    opened = duploctl.folder / "opened"
    open_browser = duploctl.folder / "browser"
    open_browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.new && mv {opened}.new {opened}\n')
    open_browser.chmod(0o755)
    command = duploctl.command("--interactive", "--no-cache", "jit", "token")
    with Program(command, duploctl.environment | {"BROWSER": str(open_browser)}) as client:
        until(opened.exists, lambda: f"browser opened:\n{client.output}")
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(opened.read_text())
        page.get_by_label("Username or email").fill(person.username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("duploctl")).to_be_visible()
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("You can close this window")).to_be_visible()
        assert "tpt_" not in page.url + page.content()
        assert client.ends_with_all() == 0, client.output
        context.close()
    text = json.loads(client.output)["token"]
    assert verify(text, timezone.now()).id == person.tokens.get().pk
