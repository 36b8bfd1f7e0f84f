"""Every key that Config knows: its type, label, help, default, and how its text becomes a value. Data only; no other app is imported.

To add a key, add a `Key` to KEYS; how its text is read is in parsing.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from settings_app import parsing, role_mapping
from settings_app.notification_keys import SECURITY_NOTIFICATIONS

APP_CONFIG, FLAGS = "App Config", "Flags"
TYPES = (APP_CONFIG, FLAGS)


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


def part_errors(key: Key, text: str) -> dict[str, str]:
    """What is wrong with each part of a list, by part: an error of the whole would name only the first."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for part in filter(None, map(str.strip, parsing.LINE_BREAK.sub(";", text.strip()).split(";"))):
        try:
            key.parse(part)
        except ValueError as error:
            found[part] = str(error)
        if parsing.same_mailbox(part) in seen and key.parts == "email":
            found[part] = f"'{part}' is listed twice."
        seen.add(parsing.same_mailbox(part))
    return found


def flag_key(name: str, label: str, help_text: str, default: bool = False) -> Key:
    return Key(name, FLAGS, label, help_text, default, parsing.flag, lambda value: str(value).lower())


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
            parsing.days,
            parsing.joined,
            aliases=("Enable User Token Notification", "Enable. For Token Notification"),
            parts="day",
        ),
        Key(
            "token_expiration_emails",
            APP_CONFIG,
            "User Token Expiration Notification Emails",
            "The email addresses to notify, separated by semicolons or line breaks: ops@example.com;security@example.com",
            (),
            parsing.addresses,
            parsing.joined,
            lines=True,
            parts="email",
        ),
        Key(
            "session_minutes",
            APP_CONFIG,
            "Authorization token session duration",
            "How long a sign-in and its temporary API token last, in minutes: 5 to 43,200 (30 days). The default is 480.",
            480,
            parsing.minutes,
        ),
        Key(
            "require_second_factor",
            APP_CONFIG,
            "Require two-factor authentication for",
            "Who must set up an authenticator app or a passkey: nobody, administrators or everybody. The default is nobody.",
            "nobody",
            parsing.group_of_users,
            choices=parsing.GROUPS_OF_USERS,
        ),
        Key(
            "second_factor_grace_days",
            APP_CONFIG,
            "Grace period for two-factor authentication",
            "How many days users have to set it up, from their first page under the requirement: 0 to 90. After that they can't do "
            "anything else in the portal until they have. The default is 7.",
            7,
            parsing.grace_days,
        ),
        Key(
            "recent_sign_in_minutes",
            APP_CONFIG,
            "Ask for a recent sign-in before tokens are created or shown",
            "After how many minutes users must confirm who they are before they create or see a token or a calendar link: 1 to 1,440. "
            "0: never. The default is 0.",
            0,
            parsing.recent_minutes,
        ),
        Key(
            "token_lifetime_days",
            APP_CONFIG,
            "Maximum User Token Lifetime",
            "Maximum lifetime of a permanent token in days, 1 to 365. The default is 365. Existing tokens keep their expiry date.",
            365,
            parsing.lifetime,
        ),
        Key(
            "tokens_per_person",
            APP_CONFIG,
            "Maximum active tokens per person",
            "How many active permanent tokens a person can have, 1 to 10,000. The default is 50. Existing tokens are not affected.",
            50,
            parsing.token_count,
        ),
        Key(
            "tokens_per_service_account",
            APP_CONFIG,
            "Maximum active tokens per service account",
            "How many active permanent tokens a service account can have, 1 to 10,000. The default is 200. "
            "Existing tokens are not affected.",
            200,
            parsing.token_count,
        ),
        Key(
            "roles_by_group",
            APP_CONFIG,
            "Roles by Group",
            "The role that members of a group get at company sign-in or by SCIM, one a line: Platform Admins = administrator. Names are "
            "compared exactly; the highest role counts, and a user in none of these groups has the role user. Groups that are made "
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
            parsing.username,
        ),
        Key(
            "introspection_cache_seconds",
            APP_CONFIG,
            "Introspection cache time",
            "How long programs that check tokens with /oauth/introspect may keep the response, in seconds: 30 to 86,400. They may accept "
            "a revoked token until then. 0: until the token expires. The default is 300.",
            300,
            parsing.cache_seconds,
        ),
        Key(
            "audit_days",
            APP_CONFIG,
            "Keep audit entries for",
            "After how many days entries of the audit trail are deleted, 90 to 3,650. The default is 400.",
            400,
            parsing.audit_days,
        ),
        flag_key(
            "users_may_create_tokens",
            "Users may create their own API tokens",
            "true: all users can create tokens on their Profile. false: only administrators can.",
        ),
        flag_key(
            "notify_token_owners",
            "Notify token owners",
            "true: each owner of a token that expires soon, and each owner of a service account with one, gets an email about these "
            "tokens, on the same days. false: only the addresses above are notified.",
        ),
        flag_key(
            "require_owners",
            "Require owners of service accounts",
            "true: a fault is open while active service accounts have no owner. false: only for those whose last owner has left.",
        ),
        flag_key(
            "second_factor_after_company_sign_in",
            "Ask for a second factor after company sign-in",
            "true: users who sign in with the company's sign-in enter a code or use a passkey here too. false: the company's sign-in is "
            "trusted to have asked for a second factor.",
        ),
        *(
            flag_key(name, label, f"true: people get an email about {what}. false: they don't.", default=True)
            for name, label, what in SECURITY_NOTIFICATIONS
        ),
        flag_key(
            "scim_invitations",
            "Invite people created by SCIM",
            "true: people whom your directory creates are invited by email. false: they sign in with the company's sign-in, or are "
            "invited one by one.",
        ),
        flag_key(
            "local_passwords",
            "Allow local passwords",
            "true: people can sign in with a password of this portal. false: only with the company's sign-in; nobody can set or reset a "
            "password. Needs a sign-in provider and an emergency administrator.",
            default=True,
        ),
        flag_key(
            "company_sign_in_creates_accounts",
            "Create accounts at first company sign-in",
            "true: anybody whom the company's provider lets in gets an account with the role User. false: only people who were invited "
            "to their company address, or connected the provider on their Profile.",
        ),
        flag_key(
            "duplo_clients",
            "DuploCloud client compatibility",
            "true: duploctl, the DuploCloud Terraform provider and duplo-jit can use this portal. Their sign-in puts a temporary token "
            "into a web address, which browsers keep in their history. false: their addresses don't exist.",
        ),
    )
}
