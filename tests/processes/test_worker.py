"""The Celery path of production: a real worker and a real beat process over a real Redis, with mail through a real SMTP server.

The processes work on this test's own database, whichever `--database` that is."""

import os
import shelve
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from portal.users.models import User
from tests.postgres import url_for
from tests.processes.running import Program, until
from tests.services import Mailbox
from tokens import services
from tokens.models import ScanRun, Token

RUNS_ON = "postgres"
pytestmark = pytest.mark.field
SET_KEY = """
import django, sys
django.setup()
from settings_app import services
services.add(sys.argv[1], sys.argv[2], None)
"""


class Processes:
    """Starts the portal's processes over this test's database, Redis and mail server."""

    def __init__(self, folder: Path, redis_url: str, email_url: str) -> None:
        self.folder = folder
        name = str(connection.settings_dict["NAME"])
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": f"sqlite:///{name}" if connection.vendor == "sqlite" else url_for(os.environ["DATABASE_URL"], name),
            "REDIS_URL": redis_url,
            "EMAIL_URL": email_url,
            "SECRET_KEY": os.environ["SECRET_KEY"],
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_URL": "https://portal.example.com",
            "DEFAULT_FROM_EMAIL": "Token Portal <portal@example.com>",
        }

    def python(self, *words: str) -> Program:
        return Program([sys.executable, *words], self.environment)

    def set_key(self, key: str, value: str) -> None:
        """As the Config page does it: in a process that has Redis for its broker."""
        with self.python("-c", SET_KEY, key, value) as program:
            assert program.ends_with_all() == 0, program.output

    def worker(self) -> Program:
        return self.python("-m", "celery", "--app", "portal", "worker", "--concurrency", "1")

    def beat(self) -> Program:
        return self.python("-m", "celery", "--app", "portal", "beat")

    def set_clock_back(self, by: timedelta) -> None:
        """Makes beat's schedule look as if beat had last run that long ago. It writes its file at the start."""
        file = self.folder / "celerybeat-schedule"

        def written() -> bool:
            """Ended in the middle of its start, beat leaves a file that the next one throws away."""
            for left in self.folder.glob(f"{file.name}*"):
                left.unlink()
            with self.beat() as beat:
                until(lambda: list(self.folder.glob(f"{file.name}*")), lambda: f"schedule file:\n{beat.output}")
                time.sleep(1)  # it is there before it is complete, and cannot be read meanwhile
                beat.process.terminate()
                beat.ends_with_all()
            with shelve.open(str(file)) as schedule:
                return {"entries", "__version__"} <= set(schedule)

        until(written, "complete schedule file")
        with shelve.open(str(file), writeback=True) as schedule:
            assert set(schedule["entries"]) >= {"scan-tokens", "deliver-messages"}
            for entry in schedule["entries"].values():
                entry.last_run_at -= by


@pytest.fixture
def processes(transactional_db: None, redis_url: str, smtp_server: Mailbox, tmp_path: Path) -> Processes:
    return Processes(tmp_path, redis_url, smtp_server.url)


def token_that_ends_in(days: int) -> tuple[Token, date]:
    owner = User.objects.create(username="robot", kind=User.Kind.SERVICE)
    ends = datetime.now(UTC).date() + timedelta(days=days)
    return services.issue(owner, "nightly build", ends, None, timezone.now())[0], ends


def received(smtp_server: Mailbox) -> list[EmailMessage]:
    return [message_from_bytes(envelope.content, policy=default) for envelope in smtp_server.messages]


def test_what_was_queued_while_no_worker_ran_is_done_by_the_first_one_that_starts(processes: Processes, smtp_server: Mailbox) -> None:
    token, ends = token_that_ends_in(10)
    processes.set_key("token_expiration_days", "15")
    processes.set_key("token_expiration_emails", "ops@example.com")
    assert not ScanRun.objects.exists()

    with processes.worker() as worker:
        until(lambda: smtp_server.messages, lambda: f"mail:\n{worker.output}")
        until(lambda: Message.objects.filter(state="sent").exists(), "mail marked as sent")
        until(lambda: ScanRun.objects.filter(finished_at__isnull=False).count() == 2, "end of both scans")
        worker.process.terminate()
        assert worker.ends_with_all() == 0, worker.output

    assert [(fault.name, fault.resource) for fault in Fault.objects.open()] == [("API token expires soon", f"nightly build ({token.hint})")]
    (mail,) = received(smtp_server)
    assert smtp_server.messages[0].rcpt_tos == ["ops@example.com"]
    assert mail["From"] == "Token Portal <portal@example.com>"
    assert mail["Subject"] == "API token nightly build of robot expires in 10 days"
    assert mail.get_body(("plain",)).get_content().rstrip().splitlines() == [
        "API token nightly build of robot expires in 10 days. "
        "Create a replacement for each token you still need, deploy it, then revoke the old one.",
        "",
        "View token:",
        f"https://portal.example.com/tokens/{token.pk}/",
        "",
        f"nightly build (tpp_…{token.last_four}) of robot",
        f"  expires:   {ends.isoformat()} 23:59 UTC, in 10 days",
        "  last used: never",
        f"  https://portal.example.com/tokens/{token.pk}/",
        "",
        "",
        "You get this email because this address is set in System Settings as one to notify before tokens expire.",
        "",
        "Token Portal, https://portal.example.com",
    ]
    html = mail.get_body(("html",)).get_content()
    assert f"{ends.isoformat()} 23:59 UTC" in html
    assert f"/tokens/{token.pk}/" in html


def test_beat_asks_for_the_scan_and_for_mail_that_the_server_had_refused(processes: Processes, smtp_server: Mailbox) -> None:
    smtp_server.refuse = "451 try again later"
    token_that_ends_in(10)
    with processes.worker() as worker:
        processes.set_key("token_expiration_days", "15")
        processes.set_key("token_expiration_emails", "ops@example.com")
        refused: Callable[[], Any] = lambda: Message.objects.filter(state="queued", attempts=1).first()  # noqa: E731
        mail = until(refused, lambda: f"refused mail:\n{worker.output}")
        assert mail.last_error.startswith("SMTPDataError")
        assert smtp_server.messages == []
        until(lambda: ScanRun.objects.filter(finished_at__isnull=False).count() == 2, "end of both scans")

        smtp_server.refuse = None
        Message.objects.update(next_attempt_at=timezone.now())  # the pause before the next try is over
        processes.set_clock_back(timedelta(hours=1))
        with processes.beat() as beat:
            until(lambda: smtp_server.messages, lambda: f"mail:\n{beat.output}\n{worker.output}")
            until(
                lambda: ScanRun.objects.filter(triggered_by=ScanRun.Trigger.SCHEDULE, finished_at__isnull=False),
                lambda: f"scan:\n{beat.output}",
            )
            beat.process.terminate()
            assert beat.ends_with_all() == 0, beat.output
        until(lambda: Message.objects.filter(state="sent").count() == 1, "mail marked as sent")
        worker.process.terminate()
        assert worker.ends_with_all() == 0, worker.output
    assert len(smtp_server.messages) == 1
    assert Fault.objects.open().count() == 1
