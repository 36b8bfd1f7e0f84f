"""The interactive login of DuploCloud's clients: the browser carries the temporary token, in a URL, to a port of the user's own computer.

The flow knows neither a state nor PKCE (tokens/cli_login/flow.py has both), so what limits it is the user's consent, the loopback
address, and the token, which ends with the session."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from tokens import services
from tokens.cli_login.flow import PORT, origin
from tokens.models import HIGHEST_PORT, LOWEST_PORT, Token


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What a program asks for, checked. `client`: the name that it gives itself; `is_admin`: does it ask for administrator access?"""

    client: str
    port: int
    is_admin: bool

    @property
    def origin(self) -> str:
        return origin(self.port)


def login_request(client: str, port: str, is_admin: str, redirect: str) -> LoginRequest:
    """What the URL's parameters ask for. Raises ServiceError."""
    if not PORT.fullmatch(port) or not LOWEST_PORT <= int(port) <= HIGHEST_PORT:
        raise ServiceError(f"localPort must be a number from {LOWEST_PORT} to {HIGHEST_PORT}.")
    if is_admin not in ("", "true", "false"):
        raise ServiceError("isAdmin can only be true or false.")
    if redirect != "true":
        raise ServiceError("redirect must be true. Update the program: its version expects the token in another way.")
    try:
        return LoginRequest(services.clean_name(client), int(port), is_admin == "true")
    except ServiceError:
        raise ServiceError(f"localAppName must be {services.NAME_RULE}.") from None


@transaction.atomic
def allow(asked: LoginRequest, token: Token, text: str, actor: Actor, now: datetime) -> str:
    """The user confirmed: returns the URL that takes `text`, the text of the session's temporary token, to the program.
    Raises PermissionDenied if the actor's session has ended."""
    access.lock(actor, *access.EVERYBODY)
    audit.event(audit.Event.CLI_SIGN_IN, actor, token, changes={"given_to": ["", f"{asked.client} on port {asked.port}, in a URL"]})
    return f"{asked.origin}/?{urlencode({'t': text})}"
