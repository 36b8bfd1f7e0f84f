"""The ASGI application that the server runs: `granian --interface asginl portal.asgi:application`."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django = get_wsgi_application()

from django.db import connection  # noqa: E402  # the apps can be imported once Django is set up

from portal.core.asgi import App, InThreads, Receive, Scope, Send  # noqa: E402
from portal.core.probes import probing  # noqa: E402
from portal.oauth.front import front  # noqa: E402
from tokens.verification.batches import BatchedLookups  # noqa: E402
from tokens.verification.lookup import InThread  # noqa: E402

# What takes seconds of processor time, and may take them all at once: password hashes, calendars.
HEAVY = ("/accounts/", "/calendar/")
TOKEN_ENDPOINTS = ("/oauth/", "/cli/token")


def by_path(pages: App, heavy: App, token_endpoints: App) -> App:
    """Each kind of request has threads of its own, so that none of them waits for another kind."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        app = token_endpoints if path.startswith(TOKEN_ENDPOINTS) else heavy if path.startswith(HEAVY) else pages
        await app(scope, receive, send)

    return application


pages = by_path(InThreads(django, 2), InThreads(django, 1), InThreads(django, 1))
application = front(probing(pages), BatchedLookups() if connection.vendor == "postgresql" else InThread())

# A thread that computes hands the interpreter over after so many seconds: the event loop asks for it several times a request.
sys.setswitchinterval(0.0005)
# What is loaded by now is never freed. If it were not frozen, each full garbage collection would scan it: 50 ms without a response.
gc.collect()
gc.freeze()
