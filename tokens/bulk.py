"""Revoking all tokens that match a filter: the job is a row, its tokens are rows, and a worker revokes them in batches.

Each batch is one transaction that locks the job, checks the administrator again, revokes, and deletes the rows of what it revoked. So
workers that do this at the same time, or are killed, revoke no token twice and leave none out; beat resumes what is unfinished.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.insert_select import insert_select
from tokens import services
from tokens.models import BulkRevocation, BulkRevocationItem, Token

log = structlog.get_logger(__name__)
BATCH = 200


@dataclass(frozen=True)
class Confirmed:
    """The credential of a job: the session was checked when the job was confirmed, and need not last as long as the job."""

    session: str

    def is_valid(self, owner: Any) -> bool:
        return True

    def trace(self) -> dict[str, str]:
        return {"session": self.session} if self.session else {}


class NumberChanged(ServiceError):
    """Not as many tokens match as the administrator confirmed."""


def start(rows: QuerySet[Token], actor: Actor, now: datetime, confirmed: int | None = None) -> BulkRevocation:
    """Makes the job for those of `rows` that are not revoked: `confirmed` ones, if that is given. Raises NumberChanged or
    PermissionDenied."""
    session = actor.credential.trace().get("session", "") if actor.credential else ""
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        job = BulkRevocation.objects.create(
            person=actor.user, address=actor.address, user_agent=actor.user_agent[:500], session=session, created_at=now
        )
        job.total = insert_select(BulkRevocationItem, rows.filter(revoked_at=None), job=job.pk, token=F("pk"))
        if confirmed not in (None, job.total):
            raise NumberChanged("The number of matching tokens has changed.")
        job.save(update_fields=["total"])
        audit.record(actor, job, audit.CREATE, total=("", str(job.total)))
    return job


def resume(now: datetime, seconds: float) -> bool:
    """Works on unfinished jobs, one after the other, for about `seconds`. True if something is left to do."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = BulkRevocation.objects.filter(finished_at=None).order_by("pk").first()
        if job is None:
            return False
        revoke_batch(job, now)
    return BulkRevocation.objects.filter(finished_at=None).exists()


def revoke_batch(job: BulkRevocation, now: datetime) -> None:
    """Revokes the next tokens of `job`. An administrator who is none any more stops it."""
    now = max(now, job.created_at)  # a worker that was at another job may have begun before this one was confirmed
    try:
        with transaction.atomic():
            locked = BulkRevocation.objects.select_for_update(of=("self",)).select_related("person").get(pk=job.pk)
            if locked.finished_at is None:
                revoke_next(locked, now)
    except PermissionDenied:
        error = f"{job.person.username} is not an active administrator any more."
        BulkRevocation.objects.filter(pk=job.pk, finished_at=None).update(finished_at=now, error=error)
        log.warning("bulk revocation stopped", job=job.pk, reason=error)


def revoke_next(job: BulkRevocation, now: datetime) -> None:
    """In the transaction that holds the lock on `job`."""
    actor = Actor(job.person, Confirmed(job.session), job.address, job.user_agent)
    items = list(job.items.order_by("pk")[:BATCH])
    if items:
        revoked = services.revoke_together([item.token_id for item in items], actor, now)
        job.items.filter(pk__in=[item.pk for item in items]).delete()
        BulkRevocation.objects.filter(pk=job.pk).update(revoked=F("revoked") + revoked, skipped=F("skipped") + len(items) - revoked)
    if len(items) < BATCH:
        BulkRevocation.objects.filter(pk=job.pk).update(finished_at=now)
        log.info("bulk revocation finished", job=job.pk, tokens=job.total)
