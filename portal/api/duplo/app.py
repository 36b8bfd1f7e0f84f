"""The second API: bearer tokens only, as `/api/v1/`, without a document of its own."""

from django.urls import URLPattern, include, path
from ninja import NinjaAPI

from portal.api.app import JsonParser
from portal.api.auth import BearerToken
from portal.api.duplo import errors
from portal.api.duplo.routers import config, faults, system, tokens, users
from portal.api.duplo.views import verify_token

api = NinjaAPI(
    urls_namespace=errors.NAMESPACE,
    openapi_url=None,
    docs_url=None,
    auth=BearerToken(),
    parser=JsonParser(),
)
errors.install(api)
for each in (config, faults, system, tokens, users):
    api.add_router("", each.router)

# Without django-ninja's page of an API's own address, which would be the portal's home.
OPERATIONS = [each for each in api.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"]
LOGIN = path("app/user/verify-token", verify_token, name="verify_token")
# Each is a whole path and none a prefix: everything else below admin/ is the Django admin's.
urls = include(([LOGIN, *OPERATIONS], errors.NAMESPACE))
