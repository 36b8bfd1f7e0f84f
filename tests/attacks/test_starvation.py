"""What takes a server's threads, its processor or its database does not take `/verify` from those who depend on it.

Under each attack a client verifies tokens at a steady rate: no response is wrong (503 and none within ten seconds are), and the time that
nine in ten of them stay below is compared with that of the same server left alone, a moment before. In seconds it would say how busy
the machine is; `make bench-verify` measures that.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.users.models import User
from tests.attacks import starving
from tests.attacks.starving import Steady
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory, issue
from tests.processes.serving import Server, environment, this_database
from tokens import services, token_format
from tokens.dates import due_before
from tokens.expiry.scan import scan
from tokens.models import Token

RUNS_ON = "postgres"
SECONDS, RATE = 5, 100
SLOWER = 50  # times, at most: an attack that gets through makes it thousands of times
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A new one for each attack: what the one before left undone would make the server slow before the attack too."""
    more = {"DJANGO_SETTINGS_MODULE": "tests.attacks.settings", "WRONG_TOKENS_A_MINUTE": "1000000", "TRUSTED_PROXIES": "127.0.0.1"}
    with Server(environment(tmp_path / "portal", this_database(), **more)) as server:
        yield server.answers()


@pytest.fixture
def expected(tmp_path: Path) -> Path:
    """Active, revoked and unknown tokens, with the status that each gets."""
    owner, lines = UserFactory(), []
    for number in range(20):
        lines.append(f"204 {issue(owner, f'active {number}')[1]}")
        token, text = issue(owner, f"revoked {number}")
        services.revoke(token, None, timezone.now())
        lines += [f"401 {text}", f"401 {token_format.generate()}"]
    (tmp_path / "expected").write_text("\n".join(lines))
    return tmp_path / "expected"


def fill(owner: User, count: int, days: int = 200) -> list[str]:
    """Permanent tokens of `owner`: their texts."""
    texts = [token_format.generate() for _ in range(count)]
    made = {"created_at": timezone.now(), "expires_at": due_before(days, timezone.now())}
    Token.objects.bulk_create(
        [Token(user=owner, name=f"token {n}", digest=token_format.digest(text), **made) for n, text in enumerate(texts)], batch_size=1000
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return texts


def alone(server: Server, file: Path) -> Steady:
    return starving.measure(server.port, file, 2, RATE)


def unharmed(before: Steady, attacked: Steady) -> None:
    figures = f"before {before}, under attack {attacked}"
    assert before.wrong == attacked.wrong == {}, figures
    assert attacked.p90 <= SLOWER * before.p90, figures


def test_500_slow_bodies(server: Server, expected: Path) -> None:
    """To a page, to introspection by a caller that may, and to the CLI's exchange of its code."""
    _, caller = issue(AdministratorFactory())
    before = alone(server, expected)
    with starving.attack(server.port, "slow-bodies", 500, token=caller):
        attacked = starving.measure(server.port, expected, SECONDS, RATE)
    unharmed(before, attacked)


def test_900_idle_connections(server: Server, expected: Path) -> None:
    before = alone(server, expected)
    with starving.attack(server.port, "idle", 900):
        attacked = starving.measure(server.port, expected, SECONDS, RATE)
    unharmed(before, attacked)


def test_12_clients_that_sign_in_wrongly(server: Server, expected: Path) -> None:
    before = alone(server, expected)
    with starving.attack(server.port, "sign-ins", 12) as counts:
        attacked = starving.measure(server.port, expected, SECONDS, RATE)
    assert counts.get("200", 0) >= 3, counts  # these passwords were hashed
    assert "429" not in counts
    unharmed(before, attacked)


def test_8_clients_that_load_the_list_of_tokens(server: Server, expected: Path) -> None:
    fill(ServiceFactory(), 5000)
    client = Client()
    client.force_login(AdministratorFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    before = alone(server, expected)
    with starving.attack(server.port, "pages", 8, cookie=cookie, path="/access-control/user-tokens/?sort=status") as counts:
        attacked = starving.measure(server.port, expected, SECONDS, RATE)
    assert set(counts) == {"200"}
    unharmed(before, attacked)


def test_a_bulk_revocation(server: Server, expected: Path, tmp_path: Path) -> None:
    """The very next requests find each of these tokens revoked."""
    account, (_, administrator) = ServiceFactory(), issue(AdministratorFactory())
    texts = fill(account, 10_000)
    before = alone(server, expected)
    server.connection.close()  # it may have been idle for too long
    assert server.verify(texts[-1]).status == 204
    client = starving.begin(server.port, expected, SECONDS, RATE)
    deactivated = server.ask("POST", f"/api/v1/users/{account.username}/deactivate", administrator)
    (tmp_path / "revoked").write_text("\n".join(f"401 {text}" for text in texts))
    revoked = starving.measure(server.port, tmp_path / "revoked", 2, RATE)
    attacked = starving.result(client)
    assert deactivated.status == 200
    assert revoked.wrong == {}
    unharmed(before, attacked)


def test_a_scan(server: Server, expected: Path) -> None:
    services.config.add("token_expiration_days", "30", None)
    fill(ServiceFactory(), 10_000, days=20)
    before = alone(server, expected)
    client = starving.begin(server.port, expected, SECONDS, RATE)
    run = scan(timezone.now(), "person")
    attacked = starving.result(client)
    assert run
    assert run.raised == 10_000
    unharmed(before, attacked)
