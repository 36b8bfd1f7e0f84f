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


def by_query(parameters: tuple[str, ...], matching: App, other: App) -> App:
    """`matching` responds if the address has one of `parameters`, written just so (`format=csv`); else `other`."""
    wanted = {each.encode() for each in parameters}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        app = other if wanted.isdisjoint(scope["query_string"].split(b"&")) else matching
        await app(scope, receive, send)

    return application
