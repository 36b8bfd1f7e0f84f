"""The WSGI application that the server runs: `granian --interface wsgi portal.wsgi:application`."""

import gc
import os
from typing import cast

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django = get_wsgi_application()

from portal.oauth.front import App, front  # noqa: E402  # the apps can be imported once Django is set up

application = front(cast(App, django))

# What is loaded by now is never freed. If it were not frozen, each full garbage collection would scan it: 50 ms without a response.
gc.collect()
gc.freeze()
