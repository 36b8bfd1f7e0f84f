"""What the tests of a command-line tool's sign-in share: the question, its answers, and docs/cli_client.py run as its user runs it."""

import os
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.test import Client
from django.urls import reverse

from tests.pages.visitor import Visitor
from tests.processes.running import REPOSITORY, Program

# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ASKED = {"port": "51004", "state": "xyz-ABC_0.~+/=", "code_challenge": CHALLENGE, "client": "acme cli"}
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


def page(**changes: str) -> str:
    return reverse("tokens:cli_sign_in", query={**ASKED, **changes})


def confirm(visitor: Visitor, **changes: str) -> dict[str, str]:
    """The user confirms. Returns what the browser carries to the program."""
    answer = visitor.send(page(**changes))
    assert answer.status_code == 303
    return dict(parse_qsl(urlsplit(answer["Location"]).query))


def exchange(code: str, verifier: str = VERIFIER, **more: str) -> Any:
    body = {"code": code, "code_verifier": verifier, **more}
    client = Client(enforce_csrf_checks=True)
    return client.post("/cli/token", "&".join(f"{key}={value}" for key, value in body.items()), content_type=FORM)


def request_device_login(client_id: str = "acme cli", **options: Any) -> dict[str, str]:
    """A program on a machine without a browser asks to sign in. Returns its two codes."""
    answer = Client(**options).post("/oauth/device_authorization", {"client_id": client_id})
    assert answer.status_code == 200
    return {name: answer.json()[name] for name in ("device_code", "user_code")}


def poll(device_code: str, **more: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.post("/cli/token", {"grant_type": GRANT_TYPE, "device_code": device_code, **more})


class DocumentedClient(Program):
    """A client of docs/ that runs until it is told whether its user agrees."""

    file: str
    prompt: str

    def __init__(self, portal: str) -> None:
        # BROWSER=true: the program's own browser is one that does nothing.
        environment = {"PATH": os.environ["PATH"], "BROWSER": "true"}
        super().__init__([sys.executable, str(REPOSITORY / "docs" / self.file), portal], environment)

    def __enter__(self) -> Any:
        self.shown = self.wait_for(self.prompt).split()[-1]
        return super().__enter__()

    @property
    def result(self) -> tuple[int, str]:
        """The exit status, and the last line that it printed."""
        status = self.ends_with_all()
        return status, self.output.splitlines()[-1]


class CliClient(DocumentedClient):
    """`shown`: the address that it opens in the browser."""

    file, prompt = "cli_client.py", "Confirm in the browser:"


class DeviceClient(DocumentedClient):
    """`shown`: the user code."""

    file, prompt = "device_client.py", "enter the code"
