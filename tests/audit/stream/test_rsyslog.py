"""A real syslog server, and workers that are killed while they send to it: nothing is missing at the end, and nothing out of order."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.stream.certificates import Authority
from tests.audit.stream.sealed import add
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.processes.serving import environment, this_database
from tests.services import missing

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
ENTRIES, KILLS = 2000, 8
CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="16k" DefaultNetstreamDriverCAFile="{authority}"
       DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{certificate}")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="line" type="string" string="%msgid% %msg%\\n")
action(type="omfile" file="{folder}/received" template="line")
"""
# Small batches, so that there are many moments to be killed at, and a lease that soon ends.
WORKER = """
import time
from datetime import timedelta
import django
django.setup()
from portal.audit.stream import cursors, delivery, tasks
cursors.LEASE, delivery.BATCH = timedelta(seconds=1), 20
while True:
    tasks.push_entries("syslog")
    time.sleep(0.05)
"""


@pytest.fixture
def rsyslog(authority: Authority, tmp_path: Path) -> Iterator[int]:
    """The port on which rsyslog listens; what it has received is in `received`."""
    port, file = free_port(), tmp_path / "rsyslog.conf"
    file.write_text(CONFIGURATION.format(folder=tmp_path, authority=authority.file, certificate=authority.certificate(), port=port))
    if not shutil.which("rsyslogd") or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so")):
        missing("rsyslogd, or its driver for OpenSSL")
    command = ["rsyslogd", "-n", "-f", str(file), "-i", str(tmp_path / "pid")]
    with Program(command, {"PATH": os.environ["PATH"]}):
        yield port


def received(folder: Path) -> list[int]:
    file = folder / "received"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line.partition(" ")[2])["sequence"] for line in lines if line.endswith("}")]


def test_killed_workers_leave_no_gap(rsyslog: int, authority: Authority, tmp_path: Path) -> None:
    add(ENTRIES, changes={"value": ["x" * 100, "ü" * 100]})
    variables = environment(
        tmp_path / "portal",
        this_database(),
        AUDIT_SYSLOG_URL=f"syslog+tls://127.0.0.1:{rsyslog}",
        AUDIT_CA_CERTIFICATES=str(authority.file),
    )
    for kill in range(KILLS + 1):
        already = len(received(tmp_path))
        wanted = ENTRIES if kill == KILLS else min(ENTRIES, already + 30 + 17 * kill)
        with subprocess.Popen([sys.executable, "-c", WORKER], cwd=REPOSITORY, env=variables) as worker:
            try:
                until(lambda wanted=wanted: len(set(received(tmp_path))) >= wanted or len(received(tmp_path)) >= wanted + 500, "entries")
                if kill == KILLS:
                    until(lambda: len(set(received(tmp_path))) == ENTRIES, "all entries")
            finally:
                worker.kill()
    found = received(tmp_path)
    firsts = list(dict.fromkeys(found))
    assert firsts == list(range(1, ENTRIES + 1))
    assert len(found) <= ENTRIES + KILLS * 20  # at most one batch twice for each kill
