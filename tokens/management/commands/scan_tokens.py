from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tokens.expiry.scan import scan
from tokens.models import ScanRun


def instant(text: str) -> datetime:
    """ISO 8601, in the portal's time zone unless it names another."""
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None:
        raise CommandError(f"--now: '{text}' is not a time such as 2026-11-21T09:00:00+00:00.")
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)


class Command(BaseCommand):
    help = "Scans for tokens that expire soon: raises and clears faults, queues notifications. Prints one line of what it did."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", metavar="ISO-TIME", help="Scan as of this time instead of the present.")

    def handle(self, *args: Any, now: str | None, **options: Any) -> None:
        run = scan(instant(now) if now else timezone.now(), ScanRun.Trigger.COMMAND)
        self.stdout.write(run.summary if run else "A scan is running. Another one follows when it is done.")
