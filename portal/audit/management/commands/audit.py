import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit import heads, rows, sealing, verification
from portal.audit.models import Entry, Head
from portal.audit.stream import report

MOST = 100  # problems that are printed


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a date such as 2026-11-21.") from None


class Command(BaseCommand):
    help = "Verifies the audit trail's chain: finds entries and heads that were changed, deleted, inserted or reordered in the database."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="Verifies the chain. Exit code 1 if something is wrong with it.")
        verify.add_argument("--from", dest="since", type=day, metavar="DATE", help="Leave out the entries of days before this one (UTC).")
        verify.add_argument("--head", metavar="LINE|FILE", help="Compare with an 'audit head' line of the log, or all of them in a file.")
        actions.add_parser("seal", help="Seals what has been recorded, without waiting for the worker.")
        actions.add_parser("sign", help="Signs heads whose key is gone, or that were changed, as they are now. Verify with --head before.")
        actions.add_parser("receivers", help="Says how far each receiver of docs/siem.md has got, and why it does not accept entries.")
        actions.add_parser("push", help="Sends to them what waits, without waiting for the worker, and says the same.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action in ("seal", "push"):
            sealing.seal_all(timezone.now())
        if action == "sign":
            self.sign()
        if action == "push":
            report.push(timezone.now())
        if action in ("receivers", "push"):
            self.stdout.write("\n".join(report.lines()))
        elif action == "verify":
            self.verify(options["since"], options["head"])
        if action in ("seal", "sign", "verify"):
            self.stdout.write(self.summary())

    def verify(self, since: date | None, head: str | None) -> None:
        """Raises CommandError, for which Django exits with 1."""
        texts = not_sealed(timezone.now())
        texts += [problem.text for problem in islice(verification.verify(since), MOST + 1)]
        texts += [text for line in (heads_of(head) if head else ()) if (text := compare(line))]
        for text in texts[:MOST]:
            self.stdout.write(text)
        if texts:
            more = "More than " if len(texts) > MOST else ""
            raise CommandError(f"{more}{min(len(texts), MOST)} problem{'s' * (len(texts) != 1)} found.")

    def sign(self) -> None:
        """Which heads were signed is itself an entry."""
        now = timezone.now()
        with transaction.atomic():
            found = heads.sign_all()
            if found:
                rows.about_the_trail(
                    "audit.signed", now, heads=", ".join(f"{head.day} (key {head.key_id})" for head in found)[:1000]
                ).save()
        self.stdout.write(f"{len(found)} heads signed.")
        sealing.seal_all(now)

    def summary(self) -> str:
        first, last = Head.objects.filter(is_start=True).first(), Head.objects.order_by("-number").first()
        if first is None or last is None:
            return "The audit trail is empty."
        waiting = Entry.objects.filter(sequence=None).count()
        return f"{last.sequence - first.sequence:,} entries sealed, up to {last.sequence:,}; {waiting:,} not yet."


def not_sealed(now: datetime) -> list[str]:
    """Seals what has been recorded. If somebody has put an entry where the next one belongs, what the database says."""
    try:
        sealing.seal_all(now)
    except IntegrityError as error:
        return [f"New entries can't be sealed: {str(error).splitlines()[0]}"]
    return []


def heads_of(text: str) -> Iterator[dict[str, Any]]:
    """The heads in a line of the log, or in the lines of a file. Raises CommandError if there is none."""
    try:
        lines = [text] if text.lstrip().startswith("{") else Path(text).read_text().splitlines()
    except OSError as error:
        raise CommandError(f"{text}: {error.strerror}") from None
    found = [json.loads(line) for line in lines if '"audit head"' in line]
    if not found:
        raise CommandError("There is no line with the event 'audit head'.")
    yield from found


def compare(head: dict[str, Any]) -> str:
    try:
        return verification.compare(int(head["sequence"]), bytes.fromhex(head["hash"]))
    except (KeyError, ValueError, TypeError):
        raise CommandError("A line with the event 'audit head' has no sequence and hash.") from None
