from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.users.models import User
from tokens import dates, emails, services
from tokens.forms import ExpiryDateField


def day(text: str) -> date | None:
    try:
        return ExpiryDateField().clean(text)
    except ValidationError as error:
        raise CommandError(f"--expires: {error.messages[0]}") from None


class Command(BaseCommand):
    help = "Issues a permanent token and prints its text, alone, on standard output. It can't be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name")
        parser.add_argument("--expires", metavar="YYYY-MM-DD", help="The token's last valid day (default: one year from now).")

    def handle(self, *args: Any, username: str, name: str, expires: str | None, **options: Any) -> None:
        owner = User.objects.existing().filter(username=username).first()
        if owner is None:
            raise CommandError(f"There is no user named {username}.")
        try:
            with transaction.atomic():
                token, text = services.issue(owner, name, day(expires or ""), None, timezone.now())
                emails.queue_token_created(token)
        except ServiceError as error:
            raise CommandError(str(error)) from None
        self.stderr.write(f"Token {token.pk} of {username}, valid until {dates.ends(token.expires_at)}")
        self.stdout.write(text)
