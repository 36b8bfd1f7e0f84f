"""Forms of the token endpoints: parameters as RFC 6749 wants them, each at most once."""

from typing import Any
from urllib.parse import parse_qs

from portal.core.error_responses import APIError

MOST_BYTES = 16 * 1024
Form = dict[str, list[str]]


def form_length(content_type: str, content_length: str) -> int | None:
    """The form's length in bytes, as the headers announce it; None for a chunked one. Raises APIError for what is no form, or too large."""
    if content_type.split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise APIError(415, "invalid_request", "Send the form application/x-www-form-urlencoded.")
    if not content_length:
        return None
    if not (content_length.isascii() and content_length.isdigit()):
        raise APIError(400, "invalid_request", "The Content-Length is not a number.")
    if int(content_length[:20]) > MOST_BYTES:
        raise too_large()
    return int(content_length)


def too_large() -> APIError:
    return APIError(413, "invalid_request", f"The form has more than {MOST_BYTES} bytes.")


def parse_form(data: bytes) -> Form:
    """Every value of each parameter."""
    return parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)


def read_form(environ: dict[str, Any]) -> Form:
    """The form of a WSGI request. Raises APIError."""
    length = form_length(environ.get("CONTENT_TYPE", ""), environ.get("CONTENT_LENGTH") or "")
    return parse_form(environ["wsgi.input"].read(length or 0))  # a chunked one was rejected before (portal/core/request_bodies.py)


def single_param(values: Form, name: str) -> str:
    """The one value of a parameter that must be there once. Raises APIError."""
    found = values.get(name, [])
    if len(found) != 1 or not found[0]:
        raise APIError(400, "invalid_request", f"Send exactly one parameter: {name}.")
    return found[0]


def form_token(environ: dict[str, Any]) -> str:
    """The parameter `token` of a WSGI request's form. Raises APIError."""
    return single_param(read_form(environ), "token")
