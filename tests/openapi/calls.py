"""What a program that uses a generated client needs, and which operations of the document it has called."""

import json
import re
from pathlib import Path

from django.utils import timezone

from portal.audit import sealing
from tests.cli import VERIFIER, confirm
from tests.factories import AdministratorFactory, FaultFactory, issue
from tests.pages.visitor import Visitor
from tests.processes.serving import Server


def program_environment(portal: Server) -> dict[str, str]:
    """An administrator's token, the code of a sign-in, a fault that is there to be acknowledged, and sealed entries of the audit trail."""
    administrator = AdministratorFactory()
    FaultFactory()
    code = confirm(Visitor(administrator))["code"]
    token = issue(administrator, "program")[1]
    sealing.seal_all(timezone.now())
    return {"PORTAL": portal.address, "TOKEN": token, "CODE": code, "VERIFIER": VERIFIER}


def operations(document: Path) -> dict[str, re.Pattern[str]]:
    """Each operation's ID, and what the method and path of its requests look like."""
    found = {}
    for path, methods in json.loads(document.read_text())["paths"].items():
        for method, operation in methods.items():
            found[operation["operationId"]] = re.compile(method.upper() + " " + re.sub(r"\{\w+\}", "[^/]+", path) + " 2..")
    return found


def never_called(document: Path, printed: str) -> set[str]:
    """The operations of which no request succeeded. `printed`: a line for each request, with method, path and status."""
    lines = printed.splitlines()
    return {name for name, pattern in operations(document).items() if not any(map(pattern.fullmatch, lines))}
