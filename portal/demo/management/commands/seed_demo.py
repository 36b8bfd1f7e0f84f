import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from portal.core.errors import ServiceError
from portal.demo import crowd as demo_crowd
from portal.demo import story as demo
from portal.users.administrators import ensure_first_administrator
from portal.users.models import User


class Command(BaseCommand):
    help = "Adds demo people, service accounts, tokens in every state and faults, and prints how to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--users", type=int, default=0, metavar="N", help="Add users until there are N.")
        parser.add_argument("--tokens", type=int, default=0, metavar="N", help="Add permanent tokens until there are N.")
        parser.add_argument("--yes", action="store_true", help="Run even if DATABASE_URL is set or the portal already has users.")

    def handle(self, *args: Any, users: int, tokens: int, yes: bool, **options: Any) -> None:
        if not yes:
            refuse_real_data()
        try:
            made_up = ensure_first_administrator(settings.PORTAL_ADMIN_USERNAME, settings.PORTAL_ADMIN_PASSWORD)
        except ServiceError as error:
            raise CommandError(f"Configuration error: PORTAL_ADMIN_{(error.field or 'username').upper()}: {error}") from None
        now = timezone.now()
        self.stdout.write(self.tell(now))
        if added := demo_crowd.fill_users(users, now):
            self.stdout.write(f"Added {added:,} more users.")
        if added := demo_crowd.fill_tokens(tokens, now):
            self.stdout.write(f"Added {added:,} more tokens. The next scan raises their faults.")
        self.say_how_to_sign_in(made_up)

    def tell(self, now: datetime) -> str:
        if demo.is_there():
            return "The demo data already exists."
        try:
            with transaction.atomic():
                demo.tell(now)
        except ServiceError as error:
            raise CommandError(f"Nothing was added: {error}") from None
        return f"Added {len(demo.PEOPLE)} people, {len(demo.SERVICES)} service accounts and {len(demo.TOKENS)} tokens."

    def say_how_to_sign_in(self, made_up: str | None) -> None:
        """The password is a new one each time: one that everybody could read here would open every portal with demo data."""
        password = secrets.token_urlsafe(9)
        self.stdout.write(f"\nSign in on {settings.PORTAL_URL} with the password {password} as")
        for person in demo.give_password(password):
            self.stdout.write(f"  {person.username:<28} {person.get_role_display()}")
        if made_up:
            self.stdout.write(f"The first administrator is {settings.PORTAL_ADMIN_USERNAME} with the password {made_up}")


def refuse_real_data() -> None:
    """A demo must not litter a portal that somebody works with."""
    if not settings.EMBEDDED:
        raise CommandError("DATABASE_URL is set, so this may be a portal in use. To add demo data anyway, pass --yes.")
    others = User.objects.exclude(username=settings.PORTAL_ADMIN_USERNAME).count()
    if others and not demo.is_there():
        raise CommandError(f"This portal already has users ({others}). To add demo data anyway, pass --yes.")
