"""A resource server with django-oauth-toolkit, unchanged: asks the portal about TOKEN with SECRET, by Basic or as a bearer token. Prints
the status of a request with scope `user`, that of one with scope `administrator`, and for how many seconds the token is kept."""

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import path

introspection = {"RESOURCE_SERVER_INTROSPECTION_URL": f"{os.environ['PORTAL']}/oauth/introspect"}
if sys.argv[1] == "basic":
    introspection["RESOURCE_SERVER_INTROSPECTION_CREDENTIALS"] = ("any", os.environ["SECRET"])
else:
    introspection["RESOURCE_SERVER_AUTH_TOKEN"] = os.environ["SECRET"]
settings.configure(
    SECRET_KEY="resource server",
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={**introspection, "SCOPES": {"user": "user", "administrator": "administrator"}},
)
django.setup()

from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import AccessToken  # noqa: E402


def view(request):
    return HttpResponse(request.resource_owner.username)


urlpatterns = [path(f"{scope}/", protected_resource(scopes=[scope])(view)) for scope in ("user", "administrator")]
call_command("migrate", verbosity=0)
client = Client(headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
statuses = [client.get(f"/{scope}/").status_code for scope in ("user", "administrator")]
kept = AccessToken.objects.first()
print(*statuses, round((kept.expires - timezone.now()).total_seconds()) if kept else 0)
