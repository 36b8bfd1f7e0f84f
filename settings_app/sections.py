"""How the page *All settings* arranges the keys of the registry: in sections, with what each value means now, in a sentence."""

from collections.abc import Callable
from typing import Any, NamedTuple

from settings_app.notification_keys import SECURITY_NOTIFICATIONS


class Section(NamedTuple):
    title: str
    help: str
    keys: tuple[str, ...]


SECTIONS = (
    Section(
        "Expiry notifications",
        "Faults and emails before a permanent token expires.",
        ("token_expiration_days", "token_expiration_emails", "notify_token_owners"),
    ),
    Section(
        "Permanent tokens",
        "Who can create them, how many, and how long they last.",
        ("users_may_create_tokens", "token_lifetime_days", "tokens_per_person", "tokens_per_service_account"),
    ),
    Section(
        "Sign-in",
        "Sessions, who can begin one, and two-factor authentication.",
        (
            "session_minutes",
            "company_sign_in_creates_accounts",
            "local_passwords",
            "emergency_administrator",
            "require_second_factor",
            "second_factor_grace_days",
            "second_factor_after_company_sign_in",
            "recent_sign_in_minutes",
        ),
    ),
    Section(
        "Directory",
        "Roles of users who sign in with a company account or come by SCIM, and owners of service accounts.",
        ("roles_by_group", "require_owners", "scim_invitations"),
    ),
    Section(
        "Security notifications",
        "Emails to users about their own accounts.",
        tuple(name for name, _, _ in SECURITY_NOTIFICATIONS),
    ),
    Section("Audit trail", "Who did what.", ("audit_days",)),
    Section("Integrations", "Programs that check or use tokens.", ("introspection_cache_seconds", "duplo_clients")),
)
UNITS = {
    "session_minutes": "minutes",
    "second_factor_grace_days": "days",
    "recent_sign_in_minutes": "minutes",
    "token_lifetime_days": "days",
    "tokens_per_person": "tokens",
    "tokens_per_service_account": "tokens",
    "introspection_cache_seconds": "seconds",
    "audit_days": "days",
}


def listed(values: tuple[Any, ...]) -> str:
    """`30`, `30 and 7`, `30, 7 and 1`."""
    return ", ".join(map(str, values[:-1])) + f" and {values[-1]}" if len(values) > 1 else str(values[0])


def counted(count: int, thing: str, ending: str = "s") -> str:
    """`1 day`, `1,000 days`."""
    return f"{count:,} {thing}{'' if count == 1 else ending}"


def duration(seconds: int) -> str:
    """In the largest unit that gives a whole number: `8 hours`, `90 minutes`."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def days(value: tuple[int, ...]) -> str:
    return f"Faults are raised {listed(value)} day{'' if value == (1,) else 's'} before expiry." if value else "No faults are raised."


def emails(value: tuple[str, ...]) -> str:
    return f"{counted(len(value), 'address', 'es')} notified." if value else "No address is notified."


def cache(value: int) -> str:
    return f"Programs can keep a response for {duration(value)}." if value else "Programs can keep a response until the token expires."


def second_factor(value: str) -> str:
    who = {"nobody": "Nobody has to", "administrators": "Administrators must", "everybody": "Everybody must"}
    return f"{who[value]} set up a second factor."


def grace(value: int) -> str:
    return f"Users have {counted(value, 'day')} to set it up." if value else "Users must set it up at once."


def recent_sign_in(value: int) -> str:
    asked = f"Users confirm who they are when their sign-in is older than {duration(value * 60)}."
    return asked if value else "A sign-in counts until the session ends."


EFFECTS: dict[str, Callable[[Any], str]] = {
    "token_expiration_days": days,
    "token_expiration_emails": emails,
    "notify_token_owners": lambda on: "Owners are notified of their own tokens." if on else "Owners are not notified.",
    "users_may_create_tokens": lambda on: "All users can create tokens." if on else "Only administrators can create tokens.",
    "token_lifetime_days": lambda count: f"A new token lasts at most {counted(count, 'day')}.",
    "tokens_per_person": lambda count: f"A person can have {counted(count, 'active token')}.",
    "tokens_per_service_account": lambda count: f"A service account can have {counted(count, 'active token')}.",
    "roles_by_group": lambda pairs: (
        f"{counted(len(pairs), 'group')} give{'s' if len(pairs) == 1 else ''} a role." if pairs else "Only administrators set roles."
    ),
    "session_minutes": lambda count: f"A sign-in lasts {duration(count * 60)}.",
    "require_second_factor": second_factor,
    "second_factor_grace_days": grace,
    "second_factor_after_company_sign_in": lambda on: (
        "A company sign-in is followed by the second factor." if on else "A company sign-in needs no second factor here."
    ),
    "recent_sign_in_minutes": recent_sign_in,
    "local_passwords": lambda on: "People can sign in with a password." if on else "Only the emergency administrator can use a password.",
    "emergency_administrator": lambda name: f"{name} can always sign in with a password." if name else "Nobody is named.",
    "company_sign_in_creates_accounts": lambda on: "Everyone in the company can sign in." if on else "Only invited people can sign in.",
    "introspection_cache_seconds": cache,
    "scim_invitations": lambda on: "People whom SCIM creates are invited by email." if on else "People whom SCIM creates get no email.",
    "audit_days": lambda count: f"Entries are deleted after {counted(count, 'day')}.",
    "require_owners": lambda on: "Service accounts without an owner are a fault." if on else "Only a lost owner is a fault.",
    "duplo_clients": lambda on: "DuploCloud's clients can use this portal." if on else "DuploCloud's clients can't use this portal.",
}
EFFECTS |= {name: lambda on: "Users get an email." if on else "Users get no email." for name, _, _ in SECURITY_NOTIFICATIONS}
# What is to be confirmed before a value is saved.
CAUTIONS: dict[str, Callable[[Any], str]] = {
    "local_passwords": lambda on: "" if on else "Everyone but the emergency administrator then needs the company's sign-in.",
    "audit_days": lambda count: f"Entries older than {counted(count, 'day')} will be deleted tonight, for good.",
    "roles_by_group": lambda pairs: "Users of the directory get these roles now. Sessions end where a role is lowered." if pairs else "",
    "duplo_clients": lambda on: "Temporary tokens will be part of web addresses, which browsers keep in their history." if on else "",
    "introspection_cache_seconds": lambda count: "" if count else "Programs may accept a revoked token until its expiry date.",
}


def effect(key: str, value: Any) -> str:
    """What `value` means for the portal, in a sentence."""
    return EFFECTS[key](value)


def caution(key: str, value: Any) -> str:
    """What an administrator should know before `key` gets `value`; "" for most."""
    return CAUTIONS[key](value) if key in CAUTIONS else ""
