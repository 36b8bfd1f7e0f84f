"""Sets a user's password, for an administrator who has lost theirs. In place of Django's command, which knows none of our rules."""

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.users import local_passwords, passwords
from portal.users.models import User


def asked_twice() -> str:
    """A password from the terminal, which does not show it. Raises CommandError."""
    password = getpass("New password: ")
    if password != getpass("New password again: "):
        raise CommandError("The two passwords differ. Nothing was changed.")
    return password


class Command(BaseCommand):
    help = "Sets a person's password. Their sessions and temporary tokens end; permanent tokens stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="not case-sensitive: ADMIN@example.com is admin@example.com")
        parser.add_argument(
            "--link",
            action="store_true",
            help="print a link by which the person sets the password, once, instead of asking for it. The browser that opens it can sign "
            "in even while strangers try passwords for the account",
        )

    def handle(self, *args: Any, username: str, link: bool, **options: Any) -> None:
        user = User.objects.existing().filter(username__iexact=username.strip()).first()
        if user is None:
            raise CommandError(f"There is no user named {username}.")
        if not user.may_sign_in:
            raise CommandError(f"{user.username} can't sign in: it is a service account, or deactivated.")
        if link and not local_passwords.allowed(user):
            raise CommandError(f"{local_passwords.OFF} A link would not work.")
        if link:
            self.stdout.write(passwords.new_link(user))
        else:
            self.set_password(user, asked_twice())

    def set_password(self, user: User, password: str) -> None:
        try:
            passwords.check_password(password, user)
            passwords.set_password(user, password, None, timezone.now())
        except ServiceError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Password of {user.username} changed.")
