"""The Celery app. It reads its settings from Django's and finds each app's `tasks.py`."""

import logging
import os
import signal
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


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
