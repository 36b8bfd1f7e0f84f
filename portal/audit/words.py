"""What the audit trail's events are called on pages, and the groups that its filter shows them in."""

from portal.audit.services import Event

VERBS = {"created": "created", "updated": "changed", "deleted": "deleted"}
# What an object is called in "Token created". Kinds that are not here are called by their own name.
SUBJECTS = {"user": "User", "token": "Token", "fault": "Fault", "setting": "Setting", "bulk_revocation": "Bulk revocation"}
CHANNELS = [
    ("page", "Page"),
    ("api", "API"),
    ("oauth", "Token endpoint"),
    ("duplo", "DuploCloud client"),
    ("scim", "SCIM"),
    ("command", "Command line"),
    ("task", "Background task"),
]
SIGN_IN = ("signed_", "sign_in", "throttled", "cli_", "device_", "session")
PASSWORDS = ("reset_", "password_", "invitation_", "factor_", "recovery_", "passkey_")


def event_label(event: str) -> str:
    """`Failed sign-in` for `sign_in_failed`, `Token created` for `token.created`; an unknown event's own name, readable."""
    if event in Event.values:
        return str(Event(event).label)
    kind, _, verb = event.partition(".")
    subject = SUBJECTS.get(kind, kind.replace("_", " ").capitalize())
    return f"{subject} {VERBS.get(verb, verb.replace('_', ' '))}".strip()


def group(event: str) -> str:
    """The heading of `event` in the filter."""
    if event not in Event.values:
        return "Changes"
    if event.startswith(SIGN_IN):
        return "Sign-in and sessions"
    if event.startswith(PASSWORDS):
        return "Passwords and second factors"
    return "Other"


def event_choices(others: tuple[str, ...] = ()) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every event, grouped, as choices of a form."""
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Changes", "Sign-in and sessions", "Passwords and second factors", "Other")}
    for event in (*others, *Event.values):
        groups[group(event)].append((event, event_label(event)))
    return [(name, sorted(found, key=lambda each: each[1])) for name, found in groups.items() if found]


def channel_label(channel: str) -> str:
    """By which way something was done."""
    return dict(CHANNELS).get(channel, channel.capitalize())
