"""What load balancers, containers and Kubernetes ask: `/livez`, `/readyz` and `/healthz`, without a sign-in.

They respond for any Host header, since a kubelet sends the pod's IP address, and they need no redirect to https. Nothing in them depends
on the Host header; everywhere else ALLOWED_HOSTS holds. The server answers them in front of Django's threads (`probing`), which may all be
busy; the middleware is for Django alone, as in its development server.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from portal.core import readiness
from portal.core.asgi import App, Scope
from portal.core.asgi_client import Receive, Send

RETRY_AFTER = 2  # seconds
METHODS = ("GET", "HEAD")


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


def live(query: str = "") -> Reply:
    """The process responds: no database, no broker. A process that doesn't should be restarted."""
    return reply({"status": readiness.OK})


def ready(query: str = "") -> Reply:
    """Whether requests should be sent to this process: each check with "ok" or why not, and 503 unless all are ok.

    `query`: `exclude=broker` leaves a check out, as in the probes of Kubernetes' own API server; it can be repeated.
    """
    excluded = parse_qs(query, max_num_fields=None).get("exclude", [])
    checks = readiness.results(*(name for name in readiness.CHECKS if name not in excluded))
    return reply({"status": status_of(checks.values()), "checks": checks})


def healthy(query: str = "") -> Reply:
    """Whether this process reaches its database; says nothing else."""
    return reply({"status": status_of(readiness.results("database").values())})


def status_of(results: Iterable[str]) -> str:
    return readiness.OK if all(result == readiness.OK for result in results) else "unavailable"


def reply(content: dict[str, object]) -> Reply:
    common = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
    body = json.dumps(content).encode()
    if content["status"] == readiness.OK:
        return Reply(200, body, common)
    return Reply(503, body, (*common, ("Retry-After", str(RETRY_AFTER))))


PROBES: dict[str, Callable[[str], Reply]] = {"/livez": live, "/readyz": ready, "/healthz": healthy}


# In which requests wait for a check: two seconds at most, and only while one hangs.
WAITING = ThreadPoolExecutor(2, thread_name_prefix="probe")


def probing(behind: App) -> App:
    """An ASGI application that answers the probes, and hands everything else to `behind`."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        probe = PROBES.get(scope["path"])
        if probe is None or scope["method"] not in METHODS:
            await behind(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        found = probe(query) if probe is live else await asyncio.get_running_loop().run_in_executor(WAITING, probe, query)
        headers = [(name.lower().encode(), value.encode()) for name, value in found.headers]
        headers.append((b"content-length", b"%d" % len(found.body)))
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else found.body})

    return application


def respond(request: HttpRequest) -> HttpResponse:
    if request.method not in METHODS:
        return HttpResponseNotAllowed(METHODS)
    status, body, headers = PROBES[request.path_info](request.META.get("QUERY_STRING", ""))
    return HttpResponse(body, status=status, headers=dict(headers))


class ProbeMiddleware:
    """Answers the probes before anything reads the Host header or the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return respond(request) if request.path_info in PROBES else self.get_response(request)
