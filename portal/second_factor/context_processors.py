"""What the frame and the sign-in page show of second factors."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.second_factor import available
from portal.second_factor.factors import PASSKEY


def second_factor(request: HttpRequest) -> dict[str, Any]:
    """`passkey_sign_in`: does the sign-in page offer a passkey? `factor_banner`: a template that every page includes while the user still
    has time to set up a second factor (`second_factor_due`, which the middleware has set)."""
    found: dict[str, Any] = {"passkey_sign_in": SimpleLazyObject(somebody_has_a_passkey)}
    if due := getattr(request, "second_factor_due", None):
        found |= {"second_factor_due": due, "factor_banner": "" if due.overdue else "mfa/_banner.html"}
    return found


def somebody_has_a_passkey() -> bool:
    """Nobody is offered what nobody has: the sign-in page stays as simple as it was."""
    return available.passkeys() and Authenticator.objects.filter(type=PASSKEY).exists()
