"""The Celery app. It reads its settings from Django's and finds each app's `tasks.py`."""

import logging
import os
import signal
import threading
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_ready

from portal.logging import json_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_the_portals_logging(loglevel: int, **kwargs: Any) -> None:
    """Celery adds no handlers of its own: their lines would be neither JSON nor redacted. Its option --loglevel still holds."""
    logging.getLogger().setLevel(loglevel)
    app.log.redirect_stdouts()


@celeryd_init.connect
def say_in_the_log(**kwargs: Any) -> None:
    """Celery prints "Warm shutdown" past all logging, since it does so in a signal's handler."""
    from celery.apps import worker  # only in a worker, as below

    worker.safe_say = lambda message, *args: os.write(2, json_line(message).encode())


@worker_ready.connect
def end_with_beat(sender: Any, **kwargs: Any) -> None:
    """A worker whose embedded beat is gone (killed, or no space for its schedule) ends too: without it, nothing would be scanned."""
    beat = getattr(sender.controller, "beat", None)
    if beat:
        threading.Thread(target=wait_for_beat, args=(beat,), daemon=True).start()


def wait_for_beat(beat: Any) -> None:
    from celery.worker import state  # only in a worker: the web server would carry it along

    beat.join()
    if state.should_stop is None:
        logging.getLogger(__name__).error("beat has ended; the worker ends with it")
        os.kill(os.getpid(), signal.SIGTERM)
