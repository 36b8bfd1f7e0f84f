"""`make run`: prepares the data folder, then runs web server, worker and beat in the foreground until Ctrl-C."""

import fcntl
import socket
import sys
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import processes as supervisor

# Font Awesome's 2,000 pictures and its scripts: the pages use its fonts. (The Dockerfile leaves out the same.)
UNUSED_FILES = ["svgs", "sprites", "fontawesome/js/*"]


class Command(BaseCommand):
    help = "Runs the whole portal on 127.0.0.1: migrations, first administrator, static files, web server, worker and beat."
    requires_system_checks = ()  # migrate makes them

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lock = lock_folder()
            check_port(settings.PORT)
            call_command("prepare_portal", stdout=self.stdout)
            call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=UNUSED_FILES)
            processes = supervisor.commands(settings.PORT, settings.WEB_WORKERS)
            status = supervisor.run(processes, str(settings.BASE_DIR), self.announce)
        except KeyboardInterrupt:
            return
        lock.close()
        sys.exit(status)

    def announce(self) -> None:
        address = f"http://127.0.0.1:{settings.PORT}"
        if supervisor.wait_until_it_answers(f"{address}/healthz"):
            self.stdout.write(f"\n{settings.PORTAL_NAME} is running on {address} - Ctrl-C stops it\n")
            self.stdout.flush()


def lock_folder() -> IO[str]:
    """Keeps a second run out of the same data folder: two clocks would share one schedule file."""
    lock = (settings.DATA_DIR / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CommandError(f"Another run of the portal uses {settings.DATA_DIR}. Stop it, or set PORTAL_DATA_DIR.") from None
    return lock


def check_port(port: int) -> None:
    with socket.socket() as listener:
        # As servers do it: connections that a run before this one left in TIME_WAIT don't count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is in use. Choose another, for example: PORT={port % 65535 + 1} make run") from None
