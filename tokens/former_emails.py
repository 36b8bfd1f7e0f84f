"""Emails that processes of the former release queue while this one is already running. To be removed in the next release, with the
tables of django-post-office and `tokens_digest`."""

from datetime import datetime
from importlib import import_module

from django.db import connection, transaction

from portal.notifications.models import Message


def adopt(now: datetime) -> None:
    """Moves them into the outbox. Each of them once, however often this is called, also by two workers at the same time."""
    migration = import_module("tokens.migrations.0014_messages_of_former_emails")
    with transaction.atomic():
        migration.move(Message.objects, connection, now)
