"""The ASGI application that the server runs: `granian --interface asginl portal.asgi:application`."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django = get_wsgi_application()

from django.db import connection  # noqa: E402  # the apps can be imported once Django is set up

from portal.api.duplo.errors import THEIRS  # noqa: E402
from portal.core.asgi import InThreads  # noqa: E402
from portal.core.asgi_pools import by_path, by_query  # noqa: E402
from portal.core.list_views import CSV_PARAMETER, LINES_PARAMETER  # noqa: E402
from portal.core.probes import probing  # noqa: E402
from portal.core.request_bodies import SCIM_PREFIX  # noqa: E402
from portal.oauth.front import front  # noqa: E402
from tokens.verification.batches import BatchedLookups  # noqa: E402
from tokens.verification.lookup import InThread  # noqa: E402

pages = by_path(
    ("/oauth/|/cli/token", InThreads(django, 1)),
    # A directory's synchronisation is thousands of requests in a row: one after the other, and no page waits for them.
    (SCIM_PREFIX, InThreads(django, 1)),
    # What waits for a provider's answers.
    ("/accounts/company/", InThreads(django, 4)),
    # What takes seconds of processor time, and may take them all at once: password hashes, calendars.
    ("/accounts/|/calendar/", InThreads(django, 1)),
    # Responses that last for as long as a client takes to read them: files, and the lists of DuploCloud's clients.
    ("/static/", InThreads(django, 1)),
    (THEIRS.pattern, InThreads(django, 2)),
    # Whole lists as files: a slow client keeps other exports waiting, and no page.
    ("", by_query((CSV_PARAMETER, LINES_PARAMETER), InThreads(django, 1), InThreads(django, 2))),
)
application = front(probing(pages), BatchedLookups() if connection.vendor == "postgresql" else InThread())

# A thread that computes hands the interpreter over after so many seconds: the event loop asks for it several times a request.
sys.setswitchinterval(0.0005)
# What is loaded by now is never freed. If it were not frozen, each full garbage collection would scan it: 50 ms without a response.
gc.collect()
gc.freeze()
