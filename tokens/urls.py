from django.urls import path, re_path

from tokens import bulk_views, views
from tokens import converters as converters  # registers the converter
from tokens.calendar import links as calendar
from tokens.calendar import views as calendar_views
from tokens.cli_login import device_views
from tokens.cli_login import views as cli_views
from tokens.expiry import check_email
from tokens.expiry import views as scan_views

app_name = "tokens"
urlpatterns = [
    path("administrator/users/<username:username>/tokens/", views.user_tokens, name="user_tokens"),
    path("administrator/users/<username:username>/tokens/add/", views.create, name="create"),
    path("access-control/user-tokens/", views.all_tokens, name="all"),
    path("access-control/user-tokens/revoke/", views.revoke_many, name="revoke_many"),
    path("access-control/user-tokens/revoke-matching/", bulk_views.revoke_matching, name="revoke_matching"),
    path("access-control/user-tokens/revocations/<int:pk>/", bulk_views.revocation, name="revocation"),
    path("profile/tokens/add/", views.add_own, name="add_own"),
    path("profile/tokens/create/", views.create_own, name="create_own"),
    path("profile/temporary-token/", views.temporary, name="temporary"),
    path("profile/calendar-link/", calendar_views.show, name="calendar_show"),
    path("profile/calendar-link/switch-on/", calendar_views.switch_on, name="calendar_on"),
    path("profile/calendar-link/renew/", calendar_views.renew, name="calendar_renew"),
    path("profile/calendar-link/switch-off/", calendar_views.switch_off, name="calendar_off"),
    re_path(rf"^calendar/(?P<secret>[0-9A-Za-z]{{{calendar.LENGTH}}})\.ics\Z", calendar_views.feed, name="calendar"),
    path("cli/sign-in", cli_views.sign_in, name="cli_sign_in"),
    path("device/", device_views.enter_code, name="device"),
    path("device/approve/", device_views.approve, name="device_approve"),
    path("device/deny/", device_views.deny, name="device_deny"),
    path("administrator/system-settings/config/test-mail/", check_email.send_test_email, name="test_email"),
    path("administrator/system-settings/config/preview/", scan_views.preview_change, name="preview"),
    path("administrator/system-settings/scans/", scan_views.scans, name="scans"),
    path("administrator/system-settings/scans/scan-now/", scan_views.scan_now, name="scan_now"),
    path("tokens/", views.token_list, name="list"),
    path("tokens/<token_id:pk>/", views.token, name="token"),
    path("tokens/look-up/", views.look_up, name="look_up"),
    path("tokens/<uuid:pk>/revoke/", views.revoke, name="revoke"),
]
