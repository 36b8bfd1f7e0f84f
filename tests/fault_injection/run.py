"""From the first kill to the figures."""

import logging
import random
import sys
import tempfile
import time
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from tests.fault_injection.injection import FaultInjection
from tests.fault_injection.machines import Machines
from tests.fault_injection.outages import Outages
from tests.fault_injection.outcome import Outcome
from tests.fault_injection.people import People
from tests.fault_injection.settling import settle
from tests.fault_injection.workers import Workers
from tokens.expiry import scan as expiry
from tokens.models import ScanRun


def run(kills: int, tokens: int, chance: random.Random, machines: Machines, folder: Path, environment: dict[str, str]) -> int:
    """Returns the exit status."""
    logging.disable(logging.INFO)  # in this process: what is printed are the figures
    workers = Workers(folder, environment, chance)
    try:
        call_command("migrate", verbosity=0)
        workers.start_beats()
        began = time.monotonic()
        injection = FaultInjection(chance, machines, workers, People(chance), kills)
        injection.inject(tokens)
        lasted = time.monotonic() - began
        settled = settle(injection)
        workers.stop_beats()
        workers.stop()
    except BaseException:
        keep_log(workers)
        raise
    finally:
        workers.end_all()
    outcome = Outcome(injection)
    nothing_is_left(outcome)
    outages = Outages(machines.postgres, machines.redis, environment, chance)
    outages.run(max(2, kills // 5))
    outcome.check(outages.wrong, "no token is answered wrongly")
    report(injection, outcome, {"seconds of faults": round(lasted), "seconds until all was settled": round(settled, 1)})
    report_outages(outages)
    sys.stdout.write("\n".join(outcome_lines(outcome)) + "\n")
    if outcome.wrong or workers.hung_beats:
        keep_log(workers)
    return 1 if outcome.wrong else 0


def keep_log(workers: Workers) -> None:
    log = Path(tempfile.gettempdir()) / "token-portal-faults.log"
    log.write_text(workers.logs())
    sys.stderr.write(f"what the workers and beats said is in {log}\n")


def nothing_is_left(outcome: Outcome) -> None:
    outcome.check(ScanRun.objects.filter(finished_at=None).values_list("pk", "lease_until"), "no scan is unfinished")
    run = expiry.scan(timezone.now(), ScanRun.Trigger.COMMAND)
    outcome.check(run is None or ((run.raised or run.cleared or run.queued) and run.summary), "another scan finds nothing to do")


def report(injection: FaultInjection, outcome: Outcome, figures: dict[str, float]) -> None:
    back = {"seconds from a restart to the next scan, at most": round(max(injection.back), 1)}
    lines = [
        f"  {name + ':':52}{figure:>8,}"
        for name, figure in {**dict(sorted(injection.figures.items())), **outcome.figures, **figures, **back}.items()
    ]
    lines += [f"  {'the mail server: ' + answer + ':':52}{count:>8,}" for answer, count in sorted(injection.mail.answers.items())]
    sys.stdout.write("\n".join(lines) + "\n")


def report_outages(outages: Outages) -> None:
    lines = [f"  {name + ':':70}{figure:>8,}" for name, figure in outages.all_figures().items()]
    sys.stdout.write("while tokens were verified throughout:\n" + "\n".join(lines) + "\n")


def outcome_lines(outcome: Outcome) -> list[str]:
    broken = [f"BROKEN  {promise}" for promise in outcome.wrong]
    return [*broken, f"{len(broken)} promises were broken" if broken else "every promise was kept"]
