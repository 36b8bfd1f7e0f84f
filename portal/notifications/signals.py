"""What became of a message. Sent in the transaction that records it, with `message` (a Message) and `now`."""

from django.dispatch import Signal

message_sent = Signal()
message_failed = Signal()  # after each failed attempt; with `final` (bool): no further attempt is planned
