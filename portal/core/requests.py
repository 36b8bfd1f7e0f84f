"""Django's request with what the middleware and the decorators of `portal.core.permissions` add to it, for type annotations."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from portal.core.actors import Credential
    from portal.users.models import User


class HtmxHttpRequest(HttpRequest):
    """Any request of a page: `htmx` says whether htmx sent it."""

    htmx: HtmxDetails


class AuthenticatedHttpRequest(HtmxHttpRequest):
    """The request of a view behind one of the decorators: its user is signed in."""

    user: "User"
    credential: "Credential"  # only where something else than the session authenticated the request
