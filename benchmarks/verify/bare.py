"""The least that a WSGI server can be asked for: what the server itself, and the client that measures, cost."""

from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []
