"""How a client of the OAuth endpoints authenticates (RFC 6749, section 2.3): its token is a bearer token, the password of HTTP Basic, or
the form's client_secret. Pure functions of a header and a form, for Django's views and for the event loop."""

from collections.abc import Mapping, Sequence

from portal.core.error_responses import APIError
from tokens.verification.basic import basic_challenge, bearer_or_basic
from tokens.verification.bearer import BearerError, reject

Form = Mapping[str, Sequence[str]]


def client_token(header: str | None, form: Form | None) -> str | BearerError:
    """The token with which a client authenticates, or why there is none. `form`: None if it has not been read, because the header
    suffices; `check_one_method` then follows once it has been."""
    if header or form is None:
        return bearer_or_basic(header)
    secrets = present(form, "client_secret")
    if len(secrets) > 1 or len(present(form, "client_id")) > 1:
        return BearerError.REPEATED_SECRET
    return secrets[0] if secrets else BearerError.MISSING


def check_one_method(header: str | None, form: Form) -> None:
    """Raises APIError if a request with an Authorization header has a client_secret as well (RFC 6749, section 2.3)."""
    if header and present(form, "client_secret"):
        raise reject(BearerError.TWO_METHODS)


def present(form: Form, name: str) -> list[str]:
    """A parameter without a value counts as left out (RFC 6749, section 3.2)."""
    return [value for value in form.get(name, ()) if value]


def with_basic_challenge(error: APIError) -> APIError:
    """The same error, whose challenge names Basic too if it is a 401: git and browsers send a password only after such a challenge.

    One header with both challenges (RFC 9110, section 11.6.1): of two, nginx before 1.23 passes only the first on. Bearer comes first.
    """
    if error.status == 401:
        error.headers = tuple(
            (name, f"{value}, {basic_challenge()}" if name == "WWW-Authenticate" else value) for name, value in error.headers
        )
    return error


def as_client_error(error: APIError, header: str | None) -> APIError:
    """The same error in the words of RFC 6749, section 5.2, for a client that did not authenticate with a bearer token."""
    if error.error == "invalid_token" and not (header or "").lower().startswith("bearer"):
        error.error = "invalid_client"
    return error
