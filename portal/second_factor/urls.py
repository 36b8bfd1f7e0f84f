"""The names begin with `mfa_`, as django-allauth's do; the names with `account_` are its own, of pages that ask for a factor too."""

from django.urls import path

from portal.second_factor import administrator_views, confirm_views, sign_in_views, views
from portal.users import throttle
from portal.users.limits import address, limited, user

by_address = (throttle.PASSKEY_CEREMONIES, address)
by_account = (throttle.SECOND_STEPS, sign_in_views.pending)
confirmation = (throttle.CONFIRMATIONS, user)
change = (throttle.FACTOR_CHANGES, user)

urlpatterns = [
    path("accounts/sign-in/second-step/", limited(sign_in_views.authenticate, by_account), name="mfa_authenticate"),
    path("accounts/sign-in/second-step/cancel/", sign_in_views.cancel, name="mfa_cancel"),
    path("accounts/sign-in/second-step/passkey/", limited(sign_in_views.step_options, by_account), name="mfa_step_options"),
    path("accounts/sign-in/passkey/", limited(sign_in_views.sign_in, by_address), name="mfa_passkey_sign_in"),
    path("accounts/sign-in/passkey/options/", limited(sign_in_views.sign_in_options, by_address), name="mfa_sign_in_options"),
    path("accounts/sign-in/again/", limited(confirm_views.sign_in_again, confirmation), name="account_sign_in_again"),
    path("accounts/confirm/", limited(confirm_views.confirm, confirmation), name="account_reauthenticate"),
    path("accounts/confirm/passkey/", limited(confirm_views.confirm_options, confirmation), name="mfa_confirm_options"),
    path("accounts/two-factor/", views.index, name="mfa_index"),
    path("accounts/two-factor/app/", limited(views.add_totp, change), name="mfa_add_totp"),
    path("accounts/two-factor/passkey/", limited(views.add_passkey, change), name="mfa_add_passkey"),
    path("accounts/two-factor/passkey/options/", limited(views.new_passkey_options, change), name="mfa_new_passkey_options"),
    path("accounts/two-factor/<int:pk>/rename/", limited(views.rename_passkey, change), name="mfa_rename_passkey"),
    path("accounts/two-factor/<int:pk>/remove/", limited(views.remove, change), name="mfa_remove"),
    path("accounts/two-factor/recovery-codes/", limited(views.recovery_codes, change), name="mfa_recovery_codes"),
    path("administrator/users/<username:username>/reset-two-factor/", administrator_views.reset, name="mfa_reset"),
]
