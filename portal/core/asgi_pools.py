"""Which threads a request gets."""

import re

from portal.core.asgi import App, Scope
from portal.core.asgi_client import Receive, Send


def by_path(*pools: tuple[str, App]) -> App:
    """Each kind of request has threads of its own, so that none of them waits for another kind. The first pattern that matches the
    beginning of the path decides; the last one has to match any."""
    compiled = [(re.compile(pattern), app) for pattern, app in pools]

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        app = next(app for pattern, app in compiled if pattern.match(scope["path"]))
        await app(scope, receive, send)

    return application


def by_query(parameter: str, matching: App, other: App) -> App:
    """`matching` responds if the address has `parameter`, written just so (`format=csv`); else `other`."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        app = matching if parameter.encode() in scope["query_string"].split(b"&") else other
        await app(scope, receive, send)

    return application
