"""Signals sent by the users app, for the apps above it that it must not import."""

from django.dispatch import Signal

# Sent inside the transaction that deactivates or deletes a user; arguments: user, actor (an Actor or None), now. An app
# that keeps something that must end with the user's access (tokens) ends it here, so that no way of deactivating can forget it.
access_ended = Signal()

# Sent inside the transaction that reactivates a user; arguments: user, actor (an Actor or None), now.
access_restored = Signal()

# Sent inside the transaction that brings a deleted user back by giving the name again, perhaps to somebody else, who has no part in how
# the former one signed in; arguments: user, actor (an Actor or None), now.
name_given_again = Signal()

# Sent when a sign-in is complete, by whatever methods (portal/users/sign_in_methods.py) and after all its steps; arguments: request, user.
# Django's `user_logged_in` comes a moment before: the session has its temporary token and its end by now.
signed_in = Signal()

# Sent when a password is wrong, at sign-in and where it is confirmed; arguments: request, account (what was typed).
sign_in_failed = Signal()

# Sent when an attempt was rejected unseen, because there were too many; arguments: request, action (a Rate's name), account (what
# was typed, or who is signed in), retry_after (seconds).
attempt_throttled = Signal()

# Sent inside the transaction that sets a user's password, in whatever way it is set; arguments: user, actor (an Actor or None), now.
password_replaced = Signal()

# Sent inside the transaction that changes a user's email address; arguments: user, before and after (addresses, "" for none), actor (an
# Actor or None), now.
email_changed = Signal()

# Sent inside the transaction that changes a username; arguments: user, before and after (names), actor (an Actor or None), now.
renamed = Signal()

# Sent inside the transaction in which a session gets another key; arguments: before and after, the keys as they are stored.
session_key_changed = Signal()

# Sent inside the transaction that adds or removes a factor of two-factor authentication; arguments: user, actor (an Actor or None), now,
# change ("added", "removed", "reset", "recovery_codes", "used"), factor (in words for a person: "authenticator app", "passkey Laptop",
# "all"; of a recovery code that was used "9 left").
factor_changed = Signal()

# Sent inside the transaction that connects a user with a company account or disconnects it; arguments: user, actor (an Actor or None), now,
# change ("connected", "disconnected"), provider (its name for a person).
company_account_changed = Signal()
