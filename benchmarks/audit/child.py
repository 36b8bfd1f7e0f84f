"""What is measured, each in a process of its own: `python -m audit.child COMMAND ...` prints its figures as JSON."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.audit import sealing, verification  # noqa: E402
from portal.audit import services as audit  # noqa: E402
from portal.audit.models import Entry, Head  # noqa: E402
from portal.core.actors import Actor, SessionCredential  # noqa: E402
from portal.users.models import User  # noqa: E402
from tokens import services  # noqa: E402

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WRITERS = 4
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


def prepare() -> dict[str, str]:
    """An administrator with a session, and a token."""
    call_command("migrate", verbosity=0)
    user = User(username="ada@example.com", email="ada@example.com", display_name="Ada", role=User.Role.ADMINISTRATOR)
    user.set_unusable_password()
    user.save()
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user, backend=BACKEND)
    _, text = services.issue(user, "bench", None, Actor(user), timezone.now())
    (cookie,) = client.cookies.values()
    return {"cookie": f"{cookie.key}={cookie.value}", "token": text}


def actor() -> Actor:
    return Actor(User.objects.get(), SessionCredential("x" * 32, ""), "203.0.113.7", AGENT)


def add(amount: int) -> dict[str, float]:
    """Entries in transactions of one, as requests write them."""
    who, began = actor(), time.perf_counter()
    for number in range(amount):
        add_one(who, number)
    return {"seconds": time.perf_counter() - began}


def add_one(who: Actor, number: int) -> None:
    with transaction.atomic():
        audit.record(who, who.user, audit.UPDATE, display_name=(f"Ada {number}", f"Ada {number + 1}"))


def stream(rate: int, seconds: float, sealed_every: float) -> dict[str, Any]:
    """`rate` entries a second, by several connections; every so many seconds (0: never) they are sealed. Says how old the oldest was then."""
    if sealed_every:
        sealing.seal_all(timezone.now())
    who, began = actor(), time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(write, who, rate / WRITERS, seconds) for _ in range(WRITERS)]
        lags = [seal_after(sealed_every) for _ in range(int(seconds / sealed_every) if sealed_every else 0)]
        written = sum(each.result() for each in running)
    return {"written": written, "rate": written / (time.perf_counter() - began), "lag": max(lags, default=0)}


def write(who: Actor, rate: float, seconds: float) -> int:
    began, number = time.perf_counter(), 0
    while (now := time.perf_counter()) < began + seconds:
        for _ in range(int((now - began) * rate) - number):
            add_one(who, number)
            number += 1
        time.sleep(0.005)
    return number


def seal_after(seconds: float) -> float:
    time.sleep(seconds)
    oldest = sealing.waiting(timezone.now()).order_by("at").values_list("at", flat=True).first()
    sealing.seal_all(timezone.now())
    return (timezone.now() - oldest).total_seconds() if oldest else 0


def copy(amount: int) -> dict[str, float]:
    """Entries as those that there are, in one statement, each at another time, of another request and about something else."""
    left_out = ("id", "sequence", "previous_hash", "hash")
    names = [field.column for field in Entry._meta.concrete_fields if field.column not in left_out]
    other = {"at": "at - n * interval '1 second'", "target_id": "n::text", "target_key": "'name ' || n", "request_id": "md5(n::text)"}
    columns = ", ".join(other.get(name, name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_entry ({', '.join(names)}) SELECT {columns} FROM "
            f"(SELECT * FROM audit_entry LIMIT 1) AS sample, generate_series(1, %s) AS n",
            [amount],
        )
    return {}


def seal() -> dict[str, float]:
    """Everything that is there, and the size of an entry before and after."""
    before = size()
    left, began = sealing.waiting(timezone.now()).count(), time.perf_counter()
    while not sealing.seal_all(timezone.now(), 600):
        pass
    seconds = time.perf_counter() - began
    rows = Entry.objects.count()
    return {"entries": left, "seconds": seconds, "unsealed": before / rows, "sealed": size() / rows, "heads": Head.objects.count()}


def size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('audit_entry')")
        return int(cursor.fetchone()[0])


def index_sizes() -> dict[str, float]:
    """Bytes an entry, of each index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index WHERE indrelid = 'audit_entry'::regclass"
        )
        rows = Entry.objects.count()
        return {name: size / rows for name, size in cursor.fetchall()}


def add_at_once(amount: int) -> float:
    with transaction.atomic():
        return add(amount)["seconds"]


def without_indexes(amount: int) -> dict[str, float]:
    """How long an INSERT takes with all indexes, and with the keys alone, in turns and in one transaction each: a commit's wait for the disk
    would hide it. The database stays as it was."""
    times: dict[str, list[float]] = {"all": [], "keys": []}
    secondary = list(Entry._meta.indexes)
    for _ in range(3):
        times["all"].append(add_at_once(amount))
        with connection.schema_editor() as editor:
            for index in secondary:
                editor.remove_index(Entry, index)
        times["keys"].append(add_at_once(amount))
        with connection.schema_editor() as editor:
            for index in secondary:
                editor.add_index(Entry, index)
    return {name: sorted(found)[1] / amount for name, found in times.items()}


def verify() -> dict[str, float]:
    import resource

    began = time.perf_counter()
    assert list(verification.verify()) == []
    seconds = time.perf_counter() - began
    return {
        "entries": Entry.objects.exclude(sequence=None).count(),
        "seconds": seconds,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def empty() -> dict[str, float]:
    QuerySet(Entry).all().delete()
    Head.objects.all().delete()
    return {}


COMMANDS = {each.__name__: each for each in (prepare, add, stream, copy, seal, index_sizes, without_indexes, verify, empty)}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*map(float if sys.argv[1] == "stream" else int, sys.argv[2:]))))
