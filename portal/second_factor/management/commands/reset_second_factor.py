from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.second_factor import services
from portal.users.models import User


class Command(BaseCommand):
    help = "Removes a user's authenticator app, passkeys and recovery codes, and ends the user's sessions. For those who can't sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.existing().filter(username__iexact=username).first()
        if user is None:
            raise CommandError(f"There is no user named {username}.")
        try:
            services.reset(user, None, timezone.now())
        except ServiceError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Reset two-factor authentication of {user.username}.")
