"""Every key that Config knows: its type, label, help, default, and how its text becomes a value. Data only; no other app is imported.

To add a key, add a `Key` to KEYS. A `parse` function takes the text as typed and returns the typed value, or raises
ValueError with a sentence that names what is wrong and where.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.core.domains import email_address
from settings_app import role_mapping
from settings_app.notification_keys import SECURITY_NOTIFICATIONS

APP_CONFIG, FLAGS = "App Config", "Flags"
TYPES = (APP_CONFIG, FLAGS)
MAX_ADDRESSES = 100
ADDRESS_LENGTH = 254  # RFC 5321, and what a notice's row holds


@dataclass(frozen=True)
class Key:
    """`name` is stored and used in code, `label` is what the screens show, `default` the typed value when nothing is set; `aliases` are
    the labels of older documents, `lines` says that the value may be typed in several lines; `parts`: what it is a list of, if it is
    one, "day" or "email"; `choices`: all values that there are, if they are few."""

    name: str
    type: str
    label: str
    help: str
    default: Any
    parse: Callable[[str], Any]
    format: Callable[[Any], str] = str
    aliases: tuple[str, ...] = ()
    lines: bool = False
    parts: str = ""
    choices: tuple[str, ...] = ()


LINE_BREAK = re.compile(r"\s*;?\s*[\r\n]\s*")
OTHER_SEPARATOR = re.compile(r"[,\s]+")


def pieces(text: str) -> list[str]:
    """The parts between semicolons, in order. One semicolon at the end is let pass; an empty part elsewhere is not."""
    parts = [part.strip() for part in text.strip().removesuffix(";").split(";")]
    if not all(parts):
        raise ValueError("Remove the extra semicolon.")
    return parts


def separated_otherwise(part: str, is_value: Callable[[str], bool]) -> bool:
    """Is `part` several values with a comma or a space between them?"""
    values = OTHER_SEPARATOR.split(part)
    return len(values) > 1 and all(map(is_value, values))


def whole_number(text: str, low: int, high: int, unit: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not low <= int(text) <= high:
        raise ValueError(f"'{text[:40]}' is not a whole number of {unit} from {low:,} to {high:,}.")
    return int(text)


def days(text: str) -> tuple[int, ...]:
    """`"30;7;1"` -> `(30, 7, 1)`: largest first, each once."""
    if any(separated_otherwise(part, str.isdigit) for part in pieces(text)):
        raise ValueError("Separate days with semicolons.")
    return tuple(sorted({whole_number(part, 1, 365, "days") for part in pieces(text)}, reverse=True))


def is_address(text: str) -> bool:
    """An email address that can be stored and queued: not a quoted one (`"a,b"@x.org`), whose comma the mail queue splits at."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= ADDRESS_LENGTH and '"' not in text


def same_mailbox(address: str) -> str:
    """The form in which two spellings of an address are equal: any case of letters, and a domain in its ASCII form (IDNA)."""
    with suppress(ValueError):  # a value that was stored before must stay readable, whatever its domain
        address = email_address(address)
    return address.lower()


def addresses(text: str) -> tuple[str, ...]:
    """`"a@x.org;b@x.org"`, or one address a line -> `("a@x.org", "b@x.org")`. One that is listed twice is an error, not dropped."""
    found: dict[str, str] = {}
    for part in pieces(LINE_BREAK.sub(";", text.strip())):
        if separated_otherwise(part, is_address):
            raise ValueError("Separate addresses with semicolons.")
        if not is_address(part):
            raise ValueError(f"'{part[:80]}' is not an email address.")
        if same_mailbox(part) in found:
            raise ValueError(f"'{part}' is listed twice.")
        found[same_mailbox(part)] = part
    if len(found) > MAX_ADDRESSES:
        raise ValueError(f"{len(found)} addresses are too many: at most {MAX_ADDRESSES}. Use a mailing list.")
    return tuple(found.values())


def part_errors(key: Key, text: str) -> dict[str, str]:
    """What is wrong with each part of a list, by part: an error of the whole would name only the first."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for part in filter(None, map(str.strip, LINE_BREAK.sub(";", text.strip()).split(";"))):
        try:
            key.parse(part)
        except ValueError as error:
            found[part] = str(error)
        if same_mailbox(part) in seen and key.parts == "email":
            found[part] = f"'{part}' is listed twice."
        seen.add(same_mailbox(part))
    return found


def minutes(text: str) -> int:
    return whole_number(text.strip(), 5, 43_200, "minutes")


def lifetime(text: str) -> int:
    return whole_number(text.strip(), 1, 365, "days")


def cache_seconds(text: str) -> int:
    """0, or enough for a client whose clock is a few seconds fast."""
    if text.strip() == "0":
        return 0
    try:
        return whole_number(text.strip(), 30, 86_400, "seconds")
    except ValueError as error:
        raise ValueError(f"{str(error).removesuffix('.')}, or 0.") from None


def audit_days(text: str) -> int:
    return whole_number(text.strip(), 90, 3650, "days")


def token_count(text: str) -> int:
    return whole_number(text.strip(), 1, 10_000, "tokens")


def flag(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(f"'{text.strip()[:40]}' must be true or false.")
    return text.strip().lower() == "true"


GROUPS = ("nobody", "administrators", "everybody")


def group_of_users(text: str) -> str:
    if text.strip().lower() not in GROUPS:
        raise ValueError(f"'{text.strip()[:40]}' must be nobody, administrators or everybody.")
    return text.strip().lower()


def grace_days(text: str) -> int:
    return whole_number(text.strip(), 0, 90, "days")


def recent_minutes(text: str) -> int:
    return whole_number(text.strip(), 0, 1_440, "minutes")


def username(text: str) -> str:
    if not text.strip() or len(text) > 150 or len(text.split()) > 1:
        raise ValueError(f"'{text.strip()[:40]}' is not a username.")
    return text.strip()


def joined(values: tuple[Any, ...]) -> str:
    return ";".join(map(str, values))


KEYS = {
    key.name: key
    for key in (
        Key(
            "token_expiration_days",
            APP_CONFIG,
            "Enable User Token Expiration Notifications",
            "Days before a token's expiration at which its fault appears, 1 to 365: one number (15) or several (30;7;1). "
            "Older documents call this key Enable User Token Notification or Enable. For Token Notification.",
            (),
            days,
            joined,
            aliases=("Enable User Token Notification", "Enable. For Token Notification"),
            parts="day",
        ),
        Key(
            "token_expiration_emails",
            APP_CONFIG,
            "User Token Expiration Notification Emails",
            "The email addresses to notify, separated by semicolons or line breaks: ops@example.com;security@example.com",
            (),
            addresses,
            joined,
            lines=True,
            parts="email",
        ),
        Key(
            "session_minutes",
            APP_CONFIG,
            "Authorization token session duration",
            "How long a sign-in and its temporary API token last, in minutes: 5 to 43,200 (30 days). The default is 480.",
            480,
            minutes,
        ),
        Key(
            "require_second_factor",
            APP_CONFIG,
            "Require two-factor authentication for",
            "Who must set up an authenticator app or a passkey: nobody, administrators or everybody. The default is nobody.",
            "nobody",
            group_of_users,
            choices=GROUPS,
        ),
        Key(
            "second_factor_grace_days",
            APP_CONFIG,
            "Grace period for two-factor authentication",
            "How many days users have to set it up, from their first page under the requirement: 0 to 90. After that they can't do "
            "anything else in the portal until they have. The default is 7.",
            7,
            grace_days,
        ),
        Key(
            "recent_sign_in_minutes",
            APP_CONFIG,
            "Ask for a recent sign-in before tokens are created or shown",
            "After how many minutes users must confirm who they are before they create or see a token or a calendar link: 1 to 1,440. "
            "0: never. The default is 0.",
            0,
            recent_minutes,
        ),
        Key(
            "token_lifetime_days",
            APP_CONFIG,
            "Maximum User Token Lifetime",
            "Maximum lifetime of a permanent token in days, 1 to 365. The default is 365. Existing tokens keep their expiry date.",
            365,
            lifetime,
        ),
        Key(
            "tokens_per_person",
            APP_CONFIG,
            "Maximum active tokens per person",
            "How many active permanent tokens a person can have, 1 to 10,000. The default is 50. Existing tokens are not affected.",
            50,
            token_count,
        ),
        Key(
            "tokens_per_service_account",
            APP_CONFIG,
            "Maximum active tokens per service account",
            "How many active permanent tokens a service account can have, 1 to 10,000. The default is 200. "
            "Existing tokens are not affected.",
            200,
            token_count,
        ),
        Key(
            "roles_by_group",
            APP_CONFIG,
            "Roles by Group",
            "The role that members of a group get at company sign-in or by SCIM, one a line: Platform Admins = administrator. Names are "
            "compared exactly; the highest role counts, and whoever is in none of these groups has the role user. Groups that are made "
            "by hand give no role. Empty: roles are set by administrators only.",
            (),
            role_mapping.parse,
            role_mapping.format_pairs,
            lines=True,
        ),
        Key(
            "emergency_administrator",
            APP_CONFIG,
            "Emergency administrator",
            "The username of the administrator who can still sign in with a password while local passwords are off. Each use raises a "
            "fault and notifies the addresses of the expiration notifications.",
            "",
            username,
        ),
        Key(
            "introspection_cache_seconds",
            APP_CONFIG,
            "Introspection cache time",
            "How long programs that check tokens with /oauth/introspect may keep the response, in seconds: 30 to 86,400. They may accept "
            "a revoked token until then. 0: until the token expires. The default is 300.",
            300,
            cache_seconds,
        ),
        Key(
            "audit_days",
            APP_CONFIG,
            "Keep audit entries for",
            "After how many days entries of the audit trail are deleted, 90 to 3,650. The default is 400.",
            400,
            audit_days,
        ),
        Key(
            "users_may_create_tokens",
            FLAGS,
            "Users may create their own API tokens",
            "true: all users can create tokens on their Profile. false: only administrators can.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "notify_token_owners",
            FLAGS,
            "Notify token owners",
            "true: each owner of a token that expires soon, and each owner of a service account with one, gets an email about these "
            "tokens, on the same days. false: only the addresses above are notified.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "require_owners",
            FLAGS,
            "Require owners of service accounts",
            "true: a fault is open while active service accounts have no owner. false: only for those whose last owner has left.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "second_factor_after_company_sign_in",
            FLAGS,
            "Ask for a second factor after company sign-in",
            "true: users who sign in with the company's sign-in enter a code or use a passkey here too. false: the company's sign-in is "
            "trusted to have asked for a second factor.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        *(
            Key(
                name,
                FLAGS,
                label,
                f"true: people get an email about {what}. false: they don't.",
                True,
                flag,
                lambda value: str(value).lower(),
            )
            for name, label, what in SECURITY_NOTIFICATIONS
        ),
        Key(
            "scim_invitations",
            FLAGS,
            "Invite people created by SCIM",
            "true: people whom your directory creates are invited by email. false: they sign in with the company's sign-in, or are "
            "invited one by one.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "local_passwords",
            FLAGS,
            "Allow local passwords",
            "true: people can sign in with a password of this portal. false: only with the company's sign-in; nobody can set or reset a "
            "password. Needs a sign-in provider and an emergency administrator.",
            True,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "company_sign_in_creates_accounts",
            FLAGS,
            "Create accounts at first company sign-in",
            "true: whoever the company's sign-in provider lets in gets an account with the role User. false: only people who were invited "
            "to their company address, or connected the provider on their Profile.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
        Key(
            "duplo_clients",
            FLAGS,
            "DuploCloud client compatibility",
            "true: duploctl, the DuploCloud Terraform provider and duplo-jit can use this portal. Their sign-in puts a temporary token "
            "into a web address, which browsers keep in their history. false: their addresses don't exist.",
            False,
            flag,
            lambda value: str(value).lower(),
        ),
    )
}
