"""What must be done once before the portal starts: the database's form and the first administrator."""

from typing import Any

import structlog
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.core import checks
from portal.core.errors import ServiceError
from portal.users import first_administrator
from portal.users.administrators import ensure_first_administrator

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Migrates the database and creates the first administrator if there is none."

    def handle(self, *args: Any, **options: Any) -> None:
        for warning in checks.environment():
            log.warning(warning.msg)
        call_command("migrate", verbosity=0, interactive=False)
        try:
            password = ensure_first_administrator(settings.PORTAL_ADMIN_USERNAME, settings.PORTAL_ADMIN_PASSWORD)
        except ServiceError as error:
            raise CommandError(f"Configuration error: PORTAL_ADMIN_{(error.field or 'username').upper()}: {error}") from None
        if password:
            self.announce(password)

    def announce(self, password: str) -> None:
        """On a terminal, for the person who sits there. What is not one is a log, which many read and which is kept: there, in a file."""
        name = settings.PORTAL_ADMIN_USERNAME
        if self.stdout.isatty():
            self.stdout.write(f"The first administrator is {name} with the password {password}")
            self.stdout.write("This password is shown only once. Sign in and change it.")
        else:
            file = first_administrator.keep(password)
            log.info("first administrator created; a new password deletes the file", username=name, password_file=str(file))
        self.stdout.flush()
