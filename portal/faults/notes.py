"""Notes on faults: written by those who review, and never changed."""

from datetime import datetime

from django.db import transaction

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.redaction import TOKEN
from portal.core.text import clean
from portal.faults.models import Fault, FaultNote

LONGEST = 1000  # characters
MOST = 200  # of one fault


def clean_text(text: str) -> str:
    """The text as it is stored: each line by the rules of names (`portal.core.text.clean`). Raises ServiceError."""
    if len(text) > 10 * LONGEST:  # not worth the time
        raise ServiceError(f"Note must be {LONGEST:,} characters or fewer.", "text")
    if TOKEN.search(text):  # also one that a terminal broke into lines
        raise ServiceError("Note can't contain an API token.", "text")
    lines = [clean(line, LONGEST, "Note", "text") for line in text.strip().splitlines()]
    text = "\n".join(lines)
    if not text:
        raise ServiceError("Enter a note.", "text")
    if len(text) > LONGEST:
        raise ServiceError(f"Note must be {LONGEST:,} characters or fewer (now {len(text):,}).", "text")
    return text


def add(fault: Fault, text: str, actor: Actor, now: datetime) -> FaultNote:
    """Adds a note, in the name of `actor`. Raises ServiceError or PermissionDenied."""
    text = clean_text(text)
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        Fault.objects.select_for_update().get(pk=fault.pk)  # so that the limit is exact
        if FaultNote.objects.filter(fault=fault).count() >= MOST:
            raise ServiceError(f"This fault already has {MOST} notes, the maximum.", "text")
        note = FaultNote.objects.create(fault=fault, author=actor.user, text=text, created_at=now)
        audit.record(actor, fault, audit.UPDATE, note=("", text))
    return note
