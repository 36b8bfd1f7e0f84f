"""HTTP Basic (RFC 7617) with an API token as the password, for clients that know nothing else: pip, git and OAuth libraries.

Any user name goes with it. As on GitHub, the token may also be the user name when the password is empty or `x-oauth-basic`
(`git clone https://TOKEN@host/`). OAuth clients encode both as in a form (RFC 6749, section 2.3.1); tokens have no character that
this encoding changes, so that clients which do not encode are understood too.
"""

import base64
import binascii
import re
from urllib.parse import unquote_plus

from tokens.verification.bearer import MAX_LENGTH, BearerError, realm, token_of

CREDENTIALS = re.compile(r"basic +([A-Za-z0-9+/]+=*)", re.IGNORECASE | re.ASCII)
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")  # RFC 7617, section 2: in neither part
NO_PASSWORD = ("", "x-oauth-basic")


def bearer_or_basic(header: str | None) -> str | BearerError:
    """The token in an Authorization header of either scheme, or what is wrong with the header. Any text may come: it is for the
    verifier to say whether it is a token."""
    if header is None or header.split(" ", 1)[0].lower() != "basic":
        return token_of(header)
    if len(header) > MAX_LENGTH or not (match := CREDENTIALS.fullmatch(header)):
        return BearerError.MALFORMED_BASIC
    return token_in(match[1])


def token_in(encoded: str) -> str | BearerError:
    """The token in the base64 of `user:password`."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return BearerError.MALFORMED_BASIC
    user, colon, password = decoded.partition(b":")
    if not colon or CONTROL.search(decoded):
        return BearerError.MALFORMED_BASIC
    secret = form_decoded(password)
    return secret if secret not in NO_PASSWORD else form_decoded(user) or BearerError.MISSING


def form_decoded(value: bytes) -> str:
    """What is not UTF-8 becomes U+FFFD, which is in no token."""
    return unquote_plus(value.decode("utf-8", "replace"))


def basic_challenge() -> str:
    return f'Basic realm="{realm()}", charset="UTF-8"'
