"""Sign-in: those of django-allauth's pages that this portal has. Sign-up and changing one's address are not among them;
their names exist because allauth's other pages link to them. Those that may ask for a second factor are in portal/second_factor/urls.py."""

from allauth.account import views
from django.urls import path, re_path
from django.views.generic import RedirectView

from portal.users import account_views, session_views, throttle
from portal.users.limits import email, limited, opener, source, user

to_sign_in = RedirectView.as_view(pattern_name="account_login")

sign_in = limited(account_views.sign_in, (throttle.SIGN_IN_FORMS, source))
change_password = limited(account_views.by_password(views.password_change), (throttle.PASSWORD_CHANGES, user))
set_password = limited(account_views.by_password(account_views.recently(views.password_set)), (throttle.PASSWORD_CHANGES, user))
reset_password = limited(views.password_reset, (throttle.RESETS_BY_ADDRESS, source), (throttle.RESETS_BY_EMAIL, email))
new_password = limited(account_views.set_password, (throttle.NEW_PASSWORDS, opener))

urlpatterns = [
    path("sign-in/", sign_in, name="account_login"),
    path("sign-in/done/", session_views.signed_in_again, name="account_signed_in_again"),
    path("session/", session_views.session, name="account_session"),
    path("sign-out/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/", change_password, name="account_change_password"),
    path("password/set/", set_password, name="account_set_password"),
    path("password/reset/", reset_password, name="account_reset_password"),
    path("password/reset/sent/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        new_password,
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("sign-up/", to_sign_in, name="account_signup"),
    path("email/", to_sign_in, name="account_email"),
]
