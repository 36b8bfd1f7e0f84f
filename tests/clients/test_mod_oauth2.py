"""Apache's mod_oauth2, as Debian has it, protects files by introspection as docs/oauth-clients.md configures it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone

from tests.factories import AdministratorFactory, OperatorFactory, issue
from tests.gateway.gateways import running, start_apache
from tests.gateway.running import replaced
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.processes.serving import Server
from tests.services import missing
from tokens import services, token_format

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
RUNS_ON = "postgres"
MODULES = Path("/usr/lib/apache2/modules")


def documented(portal: str, secret: str) -> str:
    """The configuration in the document, with nothing changed but the portal's address, the secret and how long responses are kept."""
    text = (REPOSITORY / "docs/oauth-clients.md").read_text()
    found = re.search(r"```apache\n(.*?)```", text, re.DOTALL)
    assert found
    return replaced(found[1], {"https://portal.example.com": portal, "tpp_…": secret, "expiry=60": "expiry=1"})


@dataclass
class Apache:
    port: int

    def status(self, token: str | None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urlopen(Request(f"http://127.0.0.1:{self.port}/file.txt", headers=headers), timeout=10) as response:
                return response.status
        except HTTPError as error:
            return error.code


@pytest.fixture
def apache(portal: Server, tmp_path: Path) -> Iterator[Apache]:
    if not (MODULES / "mod_oauth2.so").exists():
        missing("libapache2-mod-oauth2")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/file.txt").write_text("a file\n")
    _, secret = issue(AdministratorFactory())
    modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in ("authn_core", "authz_user", "oauth2"))

    def start(folder: Path, _portal_port: int, _service_port: int) -> tuple[Program, int]:
        port = free_port()
        host = f"{modules}DocumentRoot {tmp_path}/files\n{documented(portal.address, secret)}"
        return start_apache(folder, host, port), port

    with running(start, tmp_path, portal.port, 0) as port:
        yield Apache(port)


def test_only_valid_tokens_with_the_role_pass_and_a_revoked_one_for_as_long_as_is_configured(apache: Apache) -> None:
    token, text = issue(OperatorFactory())
    _, too_little = issue()
    assert [apache.status(each) for each in (None, token_format.generate(), text)] == [401, 401, 200]
    assert apache.status(too_little) in (401, 403)
    services.revoke(token, None, timezone.now())
    until(lambda: apache.status(text) == 401, "rejection", 10)
