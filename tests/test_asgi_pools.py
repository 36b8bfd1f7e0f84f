"""Which threads a request gets."""

import pytest

from portal.api.duplo.errors import THEIRS
from portal.core.asgi import App, Scope
from portal.core.asgi_client import Receive, Send
from portal.core.asgi_pools import by_path, by_query
from portal.core.list_views import CSV_PARAMETER, LINES_PARAMETER
from tests import event_loop
from tests.test_asgi import Connection

RUNS_ON = "sqlite"


@pytest.mark.parametrize(
    ("path", "pool"),
    [
        ("/oauth/revoke", "tokens"),
        ("/cli/token", "tokens"),
        ("/cli/authorize", "pages"),
        ("/v1/aiservicedesk/admin/data/apiTokens", "lists"),
        ("/admin/GetAllUserRoles", "lists"),
        ("/admin/users/user/", "pages"),
        ("/", "pages"),
        ("", "pages"),
        ("*", "pages"),
    ],
)
def test_the_first_pattern_that_matches_decides(path: str, pool: str) -> None:
    chosen = []

    def named(name: str) -> App:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            chosen.append(name)

        return app

    request = Connection(path=path)
    app = by_path(("/oauth/|/cli/token", named("tokens")), (THEIRS.pattern, named("lists")), ("", named("pages")))
    event_loop.run(app(request.scope, request.receive, request.send))
    assert chosen == [pool]


@pytest.mark.parametrize(
    ("query", "pool"),
    [
        (b"", "pages"),
        (b"status=active&format=csv", "exports"),
        (b"format=csv&q=x", "exports"),
        (b"event=x&format=ndjson", "exports"),
        (b"q=format=csv", "pages"),
        (b"form%61t=csv", "pages"),  # as a page, too: tests/pages/test_csv_export.py
    ],
)
def test_an_export_keeps_no_page_waiting(query: bytes, pool: str) -> None:
    chosen = []

    def named(name: str) -> App:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            chosen.append(name)

        return app

    request = Connection(path="/faults/")
    app = by_query((CSV_PARAMETER, LINES_PARAMETER), named("exports"), named("pages"))
    event_loop.run(app(request.scope | {"query_string": query}, request.receive, request.send))
    assert chosen == [pool]
