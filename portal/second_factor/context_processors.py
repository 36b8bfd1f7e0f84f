"""What the frame and the sign-in page show of second factors."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.second_factor import factors


def second_factor(request: HttpRequest) -> dict[str, Any]:
    """`passkey_sign_in`: does the sign-in page offer a passkey? `factor_banner`: a template that every page includes while the user still
    has time to set up a second factor (`second_factor_due`, which the middleware has set)."""
    found: dict[str, Any] = {"passkey_sign_in": SimpleLazyObject(factors.somebody_has_a_passkey)}
    if due := getattr(request, "second_factor_due", None):
        found |= {"second_factor_due": due, "factor_banner": "" if due.overdue else "mfa/_banner.html"}
    return found
