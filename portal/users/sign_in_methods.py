"""How a session was signed in. django-allauth notes each method in the session as it is passed."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from portal.users.models import User


def of(request: HttpRequest, user: User) -> str:
    """The methods in the order in which they were passed: `password`, `password, totp`, `webauthn`, `company (entra)`. Empty where none
    is noted."""
    return ", ".join(dict.fromkeys(map(name, get_authentication_records(request, user))))


def by_company(request: HttpRequest, user: User) -> bool:
    """Was the session's user vouched for by one of the company's providers? Of several sign-ins that were begun in this browser, the last
    one counts: a company sign-in that was given up at its second step vouches for no password."""
    begun = [record for record in get_authentication_records(request, user) if is_first_step(record)]
    return bool(begun) and begun[-1]["method"] == "socialaccount"


def is_first_step(record: dict[str, Any]) -> bool:
    return record["method"] in ("password", "socialaccount") or bool(record.get("passwordless"))


def name(record: dict[str, Any]) -> str:
    """`record`: one of django-allauth's authentication records."""
    if record["method"] == "socialaccount":
        return f"company ({record.get('provider', '')})"
    return str(record.get("type") or record["method"])
