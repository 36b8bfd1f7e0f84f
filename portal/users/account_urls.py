"""Sign-in: those of django-allauth's pages that this portal has. Sign-up and changing one's address are not among them;
their names exist because allauth's other pages link to them."""

from allauth.account import views
from django.urls import path, re_path
from django.views.generic import RedirectView

to_sign_in = RedirectView.as_view(pattern_name="account_login")

urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("confirm/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/sent/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("sign-up/", to_sign_in, name="account_signup"),
    path("email/", to_sign_in, name="account_email"),
]
