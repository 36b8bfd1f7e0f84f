"""The values of a request about a person, as they are stored. Raises ScimError for those that can't be."""

from collections.abc import Collection
from typing import Any

from scim2_models import Context

from portal.scim import people, protocol
from portal.scim.errors import ScimError
from portal.users import services

MOST_EMAILS, LONGEST_TEXT, LONGEST_EMAIL = 20, 320, 254


def kept(wanted: protocol.User) -> dict[str, Any]:
    """`name` and `emails` as the directory reads them back. Raises ScimError for what is too long to be meant."""
    given = wanted.model_dump(scim_ctx=Context.DEFAULT)
    found = {name: given[name] for name in ("name", "emails") if given.get(name)}
    texts = [text for part in [found.get("name", {}), *found.get("emails", [])] for text in part.values() if isinstance(text, str)]
    check_number(found.get("emails", []))
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise ScimError(400, f"At most {LONGEST_TEXT} characters in each part of a name and of an email address.", "invalidValue")
    return found


def check_number(emails: Collection[Any]) -> None:
    """Raises ScimError."""
    if len(emails) > MOST_EMAILS:
        raise ScimError(400, f"At most {MOST_EMAILS} email addresses.", "invalidValue")


def email_of(wanted: protocol.User) -> str:
    """The address for notifications: the primary one, or else the first, or else the username if it is one. Raises ScimError."""
    found = people.chosen([email.model_dump(scim_ctx=None) for email in wanted.emails or []])
    if found and not (services.is_email(found) and found.isascii() and len(found) <= LONGEST_EMAIL):
        raise ScimError(400, f"{found[:80]} is not a valid email address.", "invalidValue")
    return found or (wanted.user_name or "" if services.is_email(wanted.user_name or "") else "")


def full_name(wanted: protocol.User) -> str:
    """What the display name is where none is given."""
    if wanted.name is None:
        return ""
    return wanted.name.formatted or " ".join(filter(None, (wanted.name.given_name, wanted.name.family_name)))
