"""Creates an administrator. In place of Django's command, which knows none of our rules."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.core.errors import ServiceError
from portal.management.commands.changepassword import asked_twice
from portal.users import administrators


class Command(BaseCommand):
    help = "Creates another administrator with a password. For other users, use the Users page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="an email address")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        try:
            user = administrators.create_administrator(username.strip(), asked_twice())
        except ServiceError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Administrator {user.username} created.")
