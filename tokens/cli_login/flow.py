"""Sign-in for command-line tools: a loopback redirect (RFC 8252, section 7.3) with PKCE (RFC 7636).

The program opens the browser at `/cli/sign-in`, its user confirms, and the browser carries a one-time code to the port on which
the program listens on the same machine. The program then sends the code with its verifier, and gets the temporary token of the
user's session. What goes through the browser is worth nothing without the verifier, which never does.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.utils.crypto import constant_time_compare

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from tokens import services, sessions, token_format
from tokens.credentials import TokenCredential
from tokens.models import HIGHEST_PORT, LOWEST_PORT, SignInCode, Token
from tokens.verification.verify import Rejected, verify

CALLBACK = "/callback"
LIFETIME = timedelta(seconds=60)
PORT = re.compile(r"[1-9][0-9]{3,4}", re.ASCII)
STATE = re.compile(r"[A-Za-z0-9._~+/=-]{8,200}")
# RFC 7636: a SHA-256 in base64url without padding (section 4.2), and what it is made of (section 4.1).
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
REDIRECT_URI = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{3,4})/callback", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9_-]{43}")


def invalid_grant() -> ServiceError:
    """The same for every reason (RFC 6749, section 5.2)."""
    return ServiceError("The code is unknown, already used or expired, or the code_verifier doesn't match it.", code=Code.INVALID_GRANT)


@dataclass(frozen=True, slots=True)
class Question:
    """What a program asks for, checked. `client` is the name that it gives itself, or empty."""

    port: int
    state: str
    challenge: str
    client: str

    @property
    def origin(self) -> str:
        return origin(self.port)

    def answer(self, **values: str) -> str:
        """The address that takes an answer to the program."""
        return f"{self.origin}{CALLBACK}?{urlencode({**values, 'state': self.state} if self.state else values)}"


def origin(port: int) -> str:
    """Where a program listens: this machine, by number, since a name could lead elsewhere (RFC 8252, section 8.3)."""
    return f"http://127.0.0.1:{port}"


def question(port: str, state: str, challenge: str, method: str, client: str) -> Question:
    """What the parameters of our own ask for. `method`: S256 or empty. Raises ServiceError."""
    if not state:
        raise wrong_state()
    return checked(port, state, challenge, method, client)


def wrong_state() -> ServiceError:
    return ServiceError("state must have 8 to 200 letters, digits or characters of . _ ~ + / = -")


def checked(port: str, state: str, challenge: str, method: str, client: str) -> Question:
    """The same, with or without a state."""
    if not PORT.fullmatch(port) or not LOWEST_PORT <= int(port) <= HIGHEST_PORT:
        raise ServiceError(f"port must be a number from {LOWEST_PORT} to {HIGHEST_PORT}.")
    if state and not STATE.fullmatch(state):
        raise wrong_state()
    if method not in ("", "S256"):
        raise ServiceError("code_challenge_method can only be S256.")
    if not CHALLENGE.fullmatch(challenge):
        raise ServiceError("code_challenge must be a SHA-256 in base64url without padding: 43 characters.")
    try:
        return Question(int(port), state, challenge, services.clean_name(client) if client else "")
    except ServiceError:
        raise ServiceError(f"client must be {services.NAME_RULE}.") from None


def standard_question(response_type: str, redirect_uri: str, state: str, challenge: str, method: str, client: str) -> Question:
    """The same in the parameters of RFC 6749, section 4.1.1, and RFC 7636, section 4.3, which OAuth libraries send. The state may be left
    out, as PKCE protects the code; the method may not, since it would be `plain`. Raises ServiceError."""
    if response_type != "code":
        raise ServiceError("response_type can only be code.")
    if not (match := REDIRECT_URI.fullmatch(redirect_uri)):
        raise ServiceError(f"redirect_uri must be http://127.0.0.1:<port>{CALLBACK}.")
    if method != "S256":
        raise ServiceError("code_challenge_method can only be S256.")
    return checked(match[1], state, challenge, method, client)


@transaction.atomic
def allow(asked: Question, token: Token, actor: Actor, now: datetime) -> str:
    """The user said yes: returns the code that stands for `token`, the temporary token of the user's session, for one minute.
    Raises PermissionDenied if the actor's session has ended."""
    access.lock(actor, *access.EVERYBODY)
    code = secrets.token_urlsafe(32)
    SignInCode.objects.create(
        digest=token_format.digest(code),
        token=token,
        challenge=asked.challenge,
        port=asked.port,
        client=asked.client,
        expires_at=now + LIFETIME,
    )
    return code


def redeem(code: str, verifier: str, now: datetime, redirect_uri: str = "", client: Actor | None = None) -> tuple[Token, str]:
    """The temporary token that a code stands for, and its text. Raises ServiceError.

    The first try uses the code up, whatever comes of it: nobody gets to try a second verifier. `redirect_uri`, if the program sends
    one, must be the one that the code went to (RFC 6749, section 4.1.3). `client`: where the program is, for the audit trail.
    """
    if not CODE.fullmatch(code):
        raise invalid_grant()
    mine = SignInCode.objects.filter(digest=token_format.digest(code))
    if not mine.filter(used_at=None, expires_at__gt=now).update(used_at=now):
        raise invalid_grant()
    found = mine.select_related("token__user").get()
    text = sessions.reveal(found.token)
    if not proves(verifier, found.challenge) or redirect_uri not in ("", origin(found.port) + CALLBACK) or text is None:
        raise invalid_grant()
    if isinstance(verify(text, now), Rejected):  # the user signed out in between, or changed the password, ...
        raise invalid_grant()
    actor = Actor(found.token.user, TokenCredential(found.token.pk))
    if client:
        actor = replace(actor, address=client.address, user_agent=client.user_agent)
    audit.event(audit.Event.CLI_SIGN_IN, actor, found.token, changes={"given_to": ["", str(found)]})
    return found.token, text


def proves(verifier: str, challenge: str) -> bool:
    """RFC 7636, section 4.6, for S256."""
    if not VERIFIER.fullmatch(verifier):
        return False
    hashed = hashlib.sha256(verifier.encode()).digest()
    return constant_time_compare(base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(), challenge)
