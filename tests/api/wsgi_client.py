"""Requests to the WSGI application in front of Django, made directly, without a server."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from wsgiref.validate import validator

from portal.oauth.front import front

FORM = "application/x-www-form-urlencoded"


def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Takes the place of Django, for requests that the front passes on."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Django"]


application = front(django)
validated = validator(application)  # checks every response against PEP 3333


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of an error response."""
        assert set(self.json) == {"error", "error_description"}
        assert self.json["error_description"].endswith(".")
        return self.json["error"]


def ask(
    path: str = "/verify",
    authorization: str | None = None,
    method: str = "GET",
    body: bytes = b"",
    through: Callable[..., Iterable[bytes]] = validated,
    **environ: Any,
) -> Reply:
    values = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    } | environ
    if authorization is not None:
        values["HTTP_AUTHORIZATION"] = authorization
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        started.extend((int(status.split()[0]), headers))

    answer = through(values, start_response)
    body = b"".join(answer)
    if close := getattr(answer, "close", None):
        close()
    status, headers = started
    assert len({name for name, _ in headers}) == len(headers), "a header was sent twice"
    return Reply(status, dict(headers), body)


def verify(text: str, **environ: Any) -> Reply:
    return ask("/verify", f"Bearer {text}", **environ)


def introspect(caller: str | None, *parameters: tuple[str, str], **environ: Any) -> Reply:
    body = urlencode(parameters).encode()
    authorization = f"Bearer {caller}" if caller else None
    return ask("/oauth/introspect", authorization, "POST", body, **{"CONTENT_TYPE": FORM, **environ})
