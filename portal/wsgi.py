"""The WSGI application that the server runs: `granian --interface wsgi portal.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django = get_wsgi_application()

from portal.api.front import front  # noqa: E402  # the rooms can be imported once Django is set up

application = front(django)
