"""Signals sent by the sessions app, for the apps above it that it must not import."""

from django.dispatch import Signal

# Sent inside the transaction that ends a session for its user or an administrator; arguments: user (whose session it is), data (what
# the session holds, as a dict), actor (an Actor or None), now. An app that keeps something that must end with the session ends it here.
session_ended = Signal()
