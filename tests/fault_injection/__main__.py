"""Starts everything, injects faults, waits until all is settled, prints the figures. Exit status 1: a promise was broken."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.fault_injection.machines import Machines, Postgres, Redis
from tests.fault_injection.mail_server import MailServer


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault_injection", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=5000)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="the same choices again, at other instants"
    )
    return parser.parse_args()


def environment(folder: Path, postgres: Postgres, redis: Redis, mail: MailServer, tokens: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONFAULTHANDLER": "1",
        "DJANGO_SETTINGS_MODULE": "tests.fault_injection.settings",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": redis.url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
        "SECRET_KEY": "a key that only this test knows, of some length",
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_URL": "https://portal.example.com",
        "FAULT_INJECTION_TOKENS": str(tokens),
    }


def end(number: int, frame: object) -> None:
    raise SystemExit(f"ended by {signal.Signals(number).name}")


def main() -> int:
    wanted = arguments()
    sys.stdout.write(f"fault injection: {wanted.kills} kills, {wanted.tokens:,} tokens, seed {wanted.seed}\n")
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(120 + 15 * wanted.kills)  # seconds; it takes a third of that
    folder = Path(tempfile.mkdtemp(prefix="token-portal-faults-"))
    chance = random.Random(wanted.seed)
    mail = MailServer(random.Random(wanted.seed + 1), stall=1.5)
    redis = Redis(folder)
    postgres = Postgres(folder)
    try:
        values = environment(folder, postgres, redis, mail, wanted.tokens)
        os.environ.clear()  # what a developer has set says nothing here
        os.environ.update(values)
        import django

        django.setup()
        from tests.fault_injection import run

        return run.run(wanted.kills, wanted.tokens, chance, Machines(postgres, redis, mail), folder, values)
    finally:
        postgres.stop()
        redis.stop()
        mail.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
