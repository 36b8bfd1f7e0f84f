"""The one shape of every error of the API, wherever it is answered: in front of Django, by a Django view, by django-ninja."""

import json

from django.http import HttpResponse

OUTAGE = ("temporarily_unavailable", "The database does not answer.")


class Answer(Exception):
    """The answer to a request that goes no further: status, the error code and its words, more headers."""

    def __init__(self, status: int, code: str, words: str, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status, self.code, self.words, self.headers = status, code, words, headers


def outage() -> Answer:
    return Answer(503, *OUTAGE, ("Retry-After", "1"))


def body(code: str, words: str, field: str | None = None) -> str:
    """JSON. `code`: one of RFC 6750 or our own; empty where the RFC wants none in the challenge. `field`: what the error is about."""
    return json.dumps({"error": code or "unauthorized", "error_description": words} | ({"field": field} if field else {}))


def refused(answer: Answer) -> HttpResponse:
    text = body(answer.code, answer.words)
    return kept_nowhere(HttpResponse(text, content_type="application/json", status=answer.status, headers=dict(answer.headers)))


def kept_nowhere(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response
