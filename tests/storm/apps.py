"""Shortens the engine's pauses in every process of the storm, and has each process say who it is. All else is the product's."""

import os
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class StormConfig(AppConfig):
    name = "tests.storm"

    def ready(self) -> None:
        from portal.notifications import delivery, smtp
        from tokens.expiry import digest as digests
        from tokens.expiry import lease
        from tokens.expiry import scan as expiry

        tokens = int(os.environ["STORM_TOKENS"])
        expiry.MOST = tokens // 4  # the first scan makes ten times as many changes
        lease.LEASE = timedelta(seconds=3)
        delivery.TAKEN_FOR = timedelta(seconds=3.5 + tokens / 2000)  # longer than the longest mail takes
        delivery.MARKING = (0.2, 0.4, 0.8, 1.6)  # shorter together than a mail is taken for
        delivery.AT_MOST = timedelta(seconds=5)
        # The last is longer than a mail is taken for, as it is in production: by that a clock that was wrong is known.
        delivery.PAUSES = [timedelta(seconds=pause) for pause in (1, 1, 2, 10)]
        digests.LISTED = 1_000_000  # each mail lists all that it tells of, so that the mails themselves are the proof
        connection_created.connect(introduce)
        smtp.helo_name = lambda: f"pid-{os.getpid()}.example.com"  # what the mail server is greeted with


def introduce(sender: Any, connection: Any, **kwargs: Any) -> None:
    """So that the storm can find in pg_stat_activity which process is amid a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [str(os.getpid())])
