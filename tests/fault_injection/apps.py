"""Shortens the leases and pauses in every process of this test, and has each process say who it is. All else is the product's."""

import os
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class FaultInjectionConfig(AppConfig):
    name = "tests.fault_injection"

    def ready(self) -> None:
        from portal.notifications import delivery
        from portal.notifications.channels import smtp
        from tokens.expiry import digest, lease, scan

        tokens = int(os.environ["FAULT_INJECTION_TOKENS"])
        scan.BATCH = tokens // 4  # a scan has several transactions
        lease.LEASE = timedelta(seconds=3)
        delivery.LEASE = timedelta(seconds=3.5 + tokens / 2000)  # longer than the longest email takes
        delivery.RECORDING_PAUSES = (0.2, 0.4, 0.8, 1.6)  # shorter together than a message's lease
        delivery.MAX_DURATION = timedelta(seconds=5)
        # The last is longer than a lease, as it is in production: by that a clock that was wrong is recognised.
        delivery.PAUSES = [timedelta(seconds=pause) for pause in (1, 1, 2, 10)]
        digest.LISTED = 1_000_000  # each email lists all of its tokens, so that the emails themselves are the proof
        connection_created.connect(introduce)
        smtp.helo_name = lambda: f"pid-{os.getpid()}.example.com"  # by which the mail server is greeted


def introduce(sender: Any, connection: Any, **kwargs: Any) -> None:
    """So that pg_stat_activity says which process is in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [str(os.getpid())])
