"""The embedded run: what `make run` starts, over an empty folder on a free port, with its real web server, worker and beat."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import psutil
import pytest

from tests.clock import BUSY
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.processes.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "sqlite", reason="the embedded run is SQLite's: in the other half of `make test`"
)
TOKEN = re.compile(r"\btpp_[0-9A-Za-z]{38}\b")
TOKENS_PAGE = "/administrator/users/admin@example.com/tokens/"
LINK = re.compile(r"/accounts/password/reset/\w+-\w+-([0-9a-f]{32})/")
CONFIG_PAGE = "/administrator/system-settings/config/"


def start(folder: Path, port: int) -> Program:
    # Empty variables: a developer's .env has no say here.
    variables = re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    environment = {**dict.fromkeys(variables, ""), "PATH": os.environ["PATH"], "PORT": str(port), "PORTAL_DATA_DIR": str(folder / "var")}
    return Program([sys.executable, str(REPOSITORY / "manage.py"), "run_portal"], environment, folder)


def mails(folder: Path) -> list[EmailMessage]:
    """Django writes each mail into a file of its own, with a line of dashes after it."""
    files = sorted((folder / "var/mail").glob("*.log"))
    return [message_from_bytes(file.read_bytes().rpartition(b"-" * 79)[0], policy=default) for file in files]


def files_with(text: str, folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_make_run_starts_run_portal() -> None:
    plan = subprocess.run(["make", "--dry-run", "--no-print-directory", "run"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert plan.stdout.splitlines()[-1].endswith(".venv/bin/python manage.py run_portal")


def test_a_token_that_ends_soon_becomes_a_fault_and_a_mail_and_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with start(tmp_path, port) as portal:
        file = Path(json.loads(portal.wait_for("password_file"))["password_file"])  # standard output is no terminal here
        assert file.stat().st_mode & 0o777 == 0o600
        password = file.read_text().strip()
        assert "admin@example.com" in portal.output
        assert address in portal.wait_for("is running on", 120)
        visitor = Visitor(address)
        assert "admin@example.com" in visitor.sign_in("admin@example.com", password)

        secret = issue_a_token(visitor, "nightly build")
        visitor.submit(f"{CONFIG_PAGE}add/", type="App Config", key="token_expiration_days", value="15")
        visitor.submit(f"{CONFIG_PAGE}add/", type="App Config", key="token_expiration_emails", value="ops@example.com")
        until(lambda: "nightly build" in visitor.get("/administrator/faults/"), lambda: f"fault on the page:\n{portal.output}")
        digests = lambda: [mail for mail in mails(tmp_path) if mail["To"] == "ops@example.com"]  # noqa: E731
        (mail,) = until(digests, lambda: f"mail file:\n{portal.output}")
        check_mail(mail, secret)
        link = ask_for_a_link(Visitor(address), tmp_path, portal)
        cookie = visitor.cookie("portal_session")

        portal.interrupt()
        assert portal.ends_with_all() == 0, portal.output
    assert [line for line in portal.lines if not json.loads(line)["event"]] == []
    assert secret not in portal.output
    assert password not in portal.output
    assert "Traceback" not in portal.output
    assert files_with(secret, tmp_path) == []
    assert files_with(cookie, tmp_path) == []
    assert [file.parent.name for file in files_with(link, tmp_path)] == ["mail"]  # the email itself, and neither database nor broker

    start_again_over_a_broken_schedule(tmp_path, port, password)


def issue_a_token(visitor: Visitor, name: str) -> str:
    ends = datetime.now(UTC).date() + timedelta(days=10)
    page = visitor.submit(f"{TOKENS_PAGE}add/", name=name, expires=ends.isoformat())
    assert "no-store" in visitor.headers["Cache-Control"]
    (secret,) = set(TOKEN.findall(page))
    listed = visitor.get(TOKENS_PAGE)
    assert name in listed
    assert ends.isoformat() in listed
    assert secret not in listed
    return secret


def ask_for_a_link(visitor: Visitor, folder: Path, portal: Program) -> str:
    """The secret of a link that sets a password, from the email that holds it."""
    visitor.submit("/accounts/password/reset/", email="admin@example.com")
    texts = lambda: [mail.get_body(("plain",)).get_content() for mail in mails(folder)]  # noqa: E731
    links = lambda: [found[1] for text in texts() if (found := LINK.search(text))]  # noqa: E731
    (link,) = until(links, lambda: f"mail file:\n{portal.output}")
    return link


def check_mail(mail: EmailMessage, secret: str) -> None:
    assert mail["To"] == "ops@example.com"
    assert mail["Subject"] == "API token nightly build of admin@example.com expires in 10 days"
    text = mail.get_body(("plain",)).get_content()
    assert f"nightly build (tpp_…{secret[-4:]}) of admin@example.com" in text
    assert "expires in 10 days" in text


def start_again_over_a_broken_schedule(folder: Path, port: int, password: str) -> None:
    """A run that was killed can leave beat's schedule in any state. The second start takes seconds, and knows what the first did."""
    schedules = list((folder / "var").glob("celerybeat-schedule*"))
    assert schedules
    for file in schedules:
        file.write_bytes(b"broken")
    began = time.monotonic()
    with start(folder, port) as portal:
        portal.wait_for("is running on", 60)
        assert time.monotonic() - began < 30 + BUSY
        assert "password_file" not in portal.output
        visitor = Visitor(f"http://127.0.0.1:{port}")
        visitor.sign_in("admin@example.com", password)
        assert "nightly build" in visitor.get(TOKENS_PAGE)
        until(
            lambda: all(b"broken" not in file.read_bytes() for file in schedules if file.exists()),
            lambda: f"new schedule:\n{portal.output}",
        )
        portal.process.terminate()
        assert portal.ends_with_all() == 0, portal.output
    assert len([mail for mail in mails(folder) if mail["To"] == "ops@example.com"]) == 1, "no digest is sent again"


@pytest.mark.field
def test_the_run_ends_when_beat_dies(tmp_path: Path) -> None:
    with start(tmp_path, free_port()) as portal:
        portal.wait_for("is running on", 120)
        (worker,) = [process for process in psutil.Process(portal.process.pid).children() if "celery" in process.cmdline()]
        (beat,) = until(worker.children, "beat")
        time.sleep(1)  # the worker is told once it is ready
        beat.kill()
        assert portal.ends_with_all() == 1, portal.output
        assert "beat has ended" in portal.output
