from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tokens import services
from tokens.models import Token


class Command(BaseCommand):
    help = "Revokes one token by its ID (the one that issue_token and the Django admin show; not the token's text)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token_id", metavar="ID")

    def handle(self, *args: Any, token_id: str, **options: Any) -> None:
        try:
            token = Token.objects.select_related("user").get(pk=UUID(token_id))
        except (ValueError, Token.DoesNotExist):
            # What was typed is not repeated: it may be a token's text.
            raise CommandError("There is no token with this ID.") from None
        if not services.revoke(token, None, timezone.now()):
            raise CommandError(f"{token} has already been revoked.")
        self.stdout.write(f"{token} of {token.user.username} has been revoked.")
