"""What the attacks of `starvation.py` need in a portal's database."""

import itertools
from pathlib import Path

import psycopg

from tokens import token_format
from verify.portal_fill import copy_tokens, texts, tidy
from verify.servers import manage

ACCOUNT = """
    INSERT INTO users_user (password, username, email, display_name, role, kind, is_active, created_at, session_stamp, may_introspect)
    VALUES ('!', 'bulk', '', 'Bulk', 'user', 'service', true, now(), 'x', false) RETURNING id, now(), now() + interval '200 days'"""
DUE = "UPDATE tokens_token SET expires_at = now() + interval '1 hour' + random() * interval '29 days' WHERE random() < 0.1"
REVOKED = "UPDATE tokens_token SET revoked_at = now() WHERE digest = ANY(%s)"
SIGN_IN = """
from django.test import Client
from portal.users.models import User
import settings_app.services as config
config.add("token_expiration_days", "30;7;1", None)
client = Client()
user = User.objects.filter(role="administrator").first()
client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
print("; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()))
"""


def expected(database: str, folder: Path) -> Path:
    """Has every tenth token end within a month. Returns a file of what `/verify` must return for active, revoked and unknown tokens."""
    known = (folder / "portal").read_text().splitlines()
    count = max(min(len(known) // 4, 100), 1)
    active, revoked, unknown = known[:count], known[count : 2 * count], list(itertools.islice(texts(), count))
    with psycopg.connect(database) as connection:
        connection.execute(DUE)
        connection.execute(REVOKED, [[token_format.digest(text) for text in revoked]])
    file = folder / "expected"
    file.write_text("\n".join([*(f"204 {text}" for text in active), *(f"401 {text}" for text in revoked + unknown)]))
    return file


def service_account(database: str, count: int, folder: Path) -> Path:
    """A service account `bulk` with so many tokens. Returns a file of what `/verify` must return for them once they are revoked."""
    owned = list(itertools.islice(texts(), count))
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        number, *times = cursor.execute(ACCOUNT).fetchone() or ()
        copy_tokens(cursor, map(token_format.digest, owned), [number], (times[0], times[1]))
    tidy(database)
    (folder / "revoked").write_text("\n".join(f"401 {text}" for text in owned))
    return folder / "revoked"


def session(database: str, folder: Path) -> str:
    """An administrator's session, as a Cookie header. Tokens that end within 30 days are due."""
    manage(database, folder, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    return manage(database, folder, "manage.py", "shell", "--verbosity", "0", "--command", SIGN_IN).strip().splitlines()[-1]
