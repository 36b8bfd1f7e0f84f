from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.sso import resetting
from portal.users.models import User


class Command(BaseCommand):
    help = (
        "Disconnects a user's company accounts, or everybody's of one provider, and ends their sessions. Their next company sign-in with "
        "their verified address is connected again. For a provider that was replaced, or a user who has a new account there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("username", nargs="?")
        who.add_argument("--provider", help="everybody who has connected this provider")

    def handle(self, *args: Any, username: str | None, provider: str | None, **options: Any) -> None:
        users = resetting.connected(provider) if provider else list(User.objects.existing().filter(username__iexact=username))
        if not users:
            raise CommandError(f"Nobody has connected {provider}." if provider else f"There is no user named {username}.")
        try:
            for user in users:
                resetting.reset(user, provider, timezone.now())
        except ServiceError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Reset the company sign-in of {len(users)} user{'s' * (len(users) != 1)}.")
