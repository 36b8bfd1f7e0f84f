"""Somebody can write to Redis: that runs tasks of the portal at most, never code of theirs."""

import base64
import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from portal.celery import app
from tests.processes.running import Program, until
from tests.processes.serving import environment, this_database
from tokens.models import ScanRun

QUEUE_A_SCAN = "import django; django.setup(); from tokens.tasks import scan_tokens; scan_tokens.apply_async(retry=False)"


class Payload:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_tasks_are_read_as_json_alone(tmp_path: Path) -> None:
    assert (app.conf.task_serializer, set(app.conf.accept_content)) == ("json", {"json"})
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps(Payload(tmp_path / "made")), "application/x-python-serialize", "binary", accept=app.conf.accept_content)
    assert not (tmp_path / "made").exists()


def test_neither_redis_nor_a_file_is_a_cache() -> None:
    """Django's caches there hold pickles."""
    assert [cache["BACKEND"] for cache in settings.CACHES.values()] == ["django.core.cache.backends.locmem.LocMemCache"]


@pytest.mark.field
@pytest.mark.django_db(transaction=True)
def test_a_pickle_in_the_queue_is_thrown_away_and_the_worker_goes_on(redis_url: str, tmp_path: Path) -> None:
    variables = environment(tmp_path, this_database(), REDIS_URL=redis_url)
    made = tmp_path / "made"
    with redis.Redis.from_url(redis_url) as broker:
        queue_a_scan(variables)
        (good,) = broker.lrange("celery", 0, -1)
        for message in forged(json.loads(good), made):
            broker.rpush("celery", json.dumps(message))  # a worker takes from this end first
        with Program([sys.executable, "-m", "celery", "--app", "portal", "worker", "--concurrency", "1"], variables) as worker:
            until(lambda: ScanRun.objects.filter(finished_at__isnull=False).exists(), lambda: f"finished scan:\n{worker.output}")
            until(lambda: not broker.llen("celery"), "empty queue")
            worker.process.terminate()
            worker.ends_with_all()
        assert not made.exists()
        assert "ContentDisallowed" in worker.output or "Refusing to deserialize" in worker.output


def queue_a_scan(variables: dict[str, str]) -> None:
    with Program([sys.executable, "-c", QUEUE_A_SCAN], variables) as program:
        assert program.ends_with_all() == 0, program.output


def forged(message: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The message of a task with a pickle for its arguments, under three names for what a pickle is, and one of a task that is not ours."""
    body = base64.b64encode(pickle.dumps(([Payload(folder)], {}, {}))).decode()
    names = [("application/x-python-serialize", "binary"), ("pickle", "binary"), ("application/json", "binary")]
    pickles = [{**message, "body": body, "content-type": name, "content-encoding": encoding} for name, encoding in names]
    foreign = {**message, "headers": {**message["headers"], "task": "os.system"}}
    return [*pickles, foreign]
