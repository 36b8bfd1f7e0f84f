from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal.api.app import api
from portal.api.duplo.app import urls as duplo_urls
from portal.api.views import openapi_json
from portal.api.views import page as api_page
from portal.core.admin_input import rejecting_bad_input
from portal.core.probes import respond
from portal.oauth.cli_token import cli_token
from portal.oauth.device_authorization import device_authorization
from portal.oauth.metadata import authorization_server
from portal.oauth.revocation import revoke
from portal.pages import create_user, end_access, palette, saved_filters, views
from portal.pages import shortened_urls as shortened
from portal.pages.security_txt import security_txt
from portal.pages.user_audit import user_audit
from portal.users import urls as user_urls
from tokens.expiry.views import health_check as scan_health

admin.site.login = views.admin_sign_in  # type: ignore[assignment,method-assign]  # the one place in which Django lets it be replaced
admin.site.admin_view = rejecting_bad_input(admin.site.admin_view)  # type: ignore[assignment,method-assign]
admin.site.site_title = admin.site.site_header = f"{settings.PORTAL_NAME} administration"
admin.site.index_title = "Faults and related records"
admin.site.empty_value_display = "—"  # as in the portal's lists

# The list of users and a user's page show tokens, which the users app must not know.
user_pages = [
    path("administrator/users/", views.user_list, name="list"),
    path("administrator/users/add/", create_user.create, name="create"),
    *user_urls.urlpatterns,
    path("administrator/users/<username:username>/deactivate/", end_access.deactivate, name="deactivate"),
    path("administrator/users/<username:username>/delete/", end_access.delete, name="delete"),
    path("administrator/users/<username:username>/", views.user_detail, name="detail"),
    path("administrator/users/<username:username>/audit/", user_audit, name="audit"),
]
urlpatterns = [
    path("", views.home, name="home"),
    path("profile/", views.profile, name="profile"),
    path("palette/", palette.palette, name="palette"),
    path("saved-filters/", saved_filters.saved, name="saved_filters"),
    # ProbeMiddleware answers these three.
    path("livez", respond, name="live"),
    path("readyz", respond, name="ready"),
    path("healthz", respond, name="health"),
    path("healthz/scan", scan_health, name="scan_health"),
    path("api/v1/", api_page, name="api_page"),
    path("api/v1/openapi.json", openapi_json, name="api_document"),
    path("api/v1/", api.urls),
    path(".well-known/oauth-authorization-server", authorization_server, name="oauth_metadata"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("oauth/revoke", revoke, name="oauth_revoke"),
    path("oauth/device_authorization", device_authorization, name="device_authorization"),
    path("cli/token", cli_token, name="cli_token"),
    path("scim/v2/", include("portal.scim.urls")),
    path("", duplo_urls),  # before the Django admin: some of these are below admin/
    path("", include("tokens.urls")),
    path("", include("portal.sessions.urls")),
    path("", include((user_pages, "users"))),
    path("", include("portal.directory.urls")),
    path("", include("portal.faults.urls")),
    path("", include("settings_app.urls")),
    path("", include("portal.second_factor.urls")),
    path("", include("portal.audit.urls")),
    path("accounts/", include("portal.users.account_urls")),
    path("", include("portal.sso.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    *shortened.urlpatterns,
]
