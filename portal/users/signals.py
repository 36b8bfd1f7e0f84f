"""What this room tells rooms above it, which it must not import."""

from django.dispatch import Signal

# Sent inside the transaction that deactivates or deletes a user; arguments: user, actor (a User or None), now. Whoever
# keeps something that must end with the user's access (tokens) ends it here, so that no way of deactivating can forget it.
access_ended = Signal()
