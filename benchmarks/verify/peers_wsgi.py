"""The peers' project, for the same server as the portal's."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "verify.peers_settings"
application = get_wsgi_application()
