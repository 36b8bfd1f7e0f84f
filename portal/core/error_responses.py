"""Error responses of the API and of the token endpoints: one JSON body from every source (the front, a Django view, django-ninja)."""

import json
from functools import lru_cache

from django.http import HttpResponse

SCIM_TYPE = "application/scim+json"
UNAVAILABLE = ("temporarily_unavailable", "The database is not responding.")


class APIError(Exception):
    """Ends a request with an error response. `error`: a code of RFC 6749, RFC 6750 or our own; `description`: a sentence for a person;
    `field`: the parameter or field that the error is about."""

    def __init__(self, status: int, error: str, description: str, *headers: tuple[str, str], field: str | None = None) -> None:
        super().__init__(status, error, description)
        self.status, self.error, self.description, self.headers, self.field = status, error, description, headers, field

    @property
    def body(self) -> str:
        return error_body(self.error, self.description, self.field)


def unavailable() -> APIError:
    return APIError(503, *UNAVAILABLE, ("Retry-After", "1"))


@lru_cache(maxsize=64)  # a flood of rejected tokens gets the same one each time
def error_body(error: str, description: str, field: str | None = None) -> str:
    """JSON. `error` is empty where RFC 6750 wants no code in the challenge (section 3.1)."""
    return json.dumps({"error": error or "unauthorized", "error_description": description} | ({"field": field} if field else {}))


def scim_error_body(status: int, detail: str, scim_type: str = "") -> str:
    """JSON, as SCIM's clients read errors (RFC 7644, section 3.12). `scim_type`: a keyword of the RFC, or empty."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return json.dumps(body | ({"scimType": scim_type} if scim_type else {}))


def error_response(error: APIError) -> HttpResponse:
    return no_store(HttpResponse(error.body, content_type="application/json", status=error.status, headers=dict(error.headers)))


def no_store(response: HttpResponse) -> HttpResponse:
    """No cache keeps the response (RFC 6749, section 5.1)."""
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response
