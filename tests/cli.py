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


class CliClient(Program):
    def __init__(self, portal: str) -> None:
        # BROWSER=true: the program's own browser is one that does nothing.
        environment = {"PATH": os.environ["PATH"], "BROWSER": "true"}
        super().__init__([sys.executable, str(REPOSITORY / "docs" / "cli_client.py"), portal], environment)

    def __enter__(self) -> Any:
        self.address = self.wait_for("Confirm in the browser:").split()[-1]
        return super().__enter__()

    @property
    def result(self) -> tuple[int, str]:
        """The exit status, and the last line that it printed."""
        status = self.ends_with_all()
        return status, self.output.splitlines()[-1]
