"""`make run`: prepares the data folder, then runs the web server and the worker in the foreground until Ctrl-C."""

import fcntl
import os
import socket
import sys
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import processes


class Command(BaseCommand):
    help = "Runs the whole portal on 127.0.0.1: migrations, first administrator, static files, web server, worker and beat."
    requires_system_checks = ()  # migrate makes them

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepares everything, then becomes the process runner, so that Django does not stay in memory beside the processes."""
        try:
            lock = lock_folder()
            check_port(settings.PORT)
            call_command("prepare_portal", stdout=self.stdout)
            call_command("collectstatic", verbosity=0, interactive=False)
        except KeyboardInterrupt:
            return
        os.set_inheritable(lock.fileno(), True)  # the runner keeps the lock; its children do not get it
        os.chdir(settings.BASE_DIR)
        # -P: the runner's own folder has a module `logging`, which must not stand for Python's.
        arguments = [sys.executable, "-P", processes.__file__, str(settings.PORT), str(settings.WEB_WORKERS), settings.PORTAL_NAME]
        sys.stdout.flush()
        os.execv(sys.executable, arguments)  # noqa: S606  # nothing in it is anybody's input


def lock_folder() -> IO[str]:
    """Keeps a second run out of the same data folder: two clocks would share one schedule file."""
    lock = (settings.DATA_DIR / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CommandError(f"Another instance of the portal is using {settings.DATA_DIR}. Stop it, or set PORTAL_DATA_DIR.") from None
    return lock


def check_port(port: int) -> None:
    with socket.socket() as listener:
        # As servers do it: connections that a run before this one left in TIME_WAIT don't count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is in use. Choose another, for example: PORT={port % 65535 + 1} make run") from None
