"""Signals about the receivers of the audit trail for the apps above, sent inside the transaction that records it."""

from django.dispatch import Signal

target_failing = Signal()  # target, now: it has accepted nothing for FAULT_AFTER; sent with each further attempt
target_recovered = Signal()  # name, now: it accepts entries again, or is not configured any more
entries_lost = Signal()  # name, first, last, now: entries were deleted, after their time, that it had not accepted
