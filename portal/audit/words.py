"""What the audit trail's events are called on pages, and the groups that its filter shows them in."""

from portal.audit import targets
from portal.audit.services import Event
from portal.core.request_context import Channel

CHANGES, SIGN_IN, PASSWORDS, OTHER = "Changes", "Sign-in and sessions", "Passwords and second factors", "Other"
# How the names of a group's events begin.
GROUPS = {
    SIGN_IN: ("signed_", "sign_in", "throttled", "cli_", "device_", "session", "company_", "emergency_"),
    PASSWORDS: ("reset_", "password_", "invitation_", "factor_", "recovery_"),
}
LABELS, CHANNELS = dict[str, str](Event.choices), dict[str, str](Channel.choices)  # once: an export asks for each row
Choices = list[tuple[str, str]]


def event_label(event: str) -> str:
    """`Failed sign-in` for `sign_in_failed`, `Token revoked` for `token.revoked`; an unknown event's own name, readable."""
    if event in LABELS:
        return LABELS[event]
    kind, _, action = event.partition(".")
    return f"{targets.label(kind)} {action.replace('_', ' ')}".strip()


def group(event: str) -> str:
    """The heading of `event` in the filter."""
    if "." in event:
        return CHANGES
    return next((name for name, starts in GROUPS.items() if event.startswith(starts)), OTHER)


def event_choices() -> list[tuple[str, Choices]]:
    """Every event, grouped, as choices of a form."""
    groups: dict[str, Choices] = {name: [] for name in (CHANGES, SIGN_IN, PASSWORDS, OTHER)}
    for event in (*targets.events(), *LABELS):
        groups[group(event)].append((event, event_label(event)))
    return [(name, sorted(found, key=lambda each: each[1])) for name, found in groups.items() if found]


def channel_label(channel: str) -> str:
    """By which way something was done."""
    return CHANNELS.get(channel, channel.capitalize())
