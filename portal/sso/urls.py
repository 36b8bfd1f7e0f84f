"""The names are django-allauth's, which reverses them. The provider sends browsers to the callback: its address is registered there."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from portal.sso import saml_views, throttle, views
from portal.users.limits import limited, source

start = limited(views.start, (throttle.COMPANY_SIGN_INS, source))
acs = csrf_exempt(limited(saml_views.acs, (throttle.COMPANY_SIGN_INS, source)))

urlpatterns = [
    path("accounts/company/<slug:provider_id>/", start, name="openid_connect_login"),
    path("accounts/company/<slug:provider_id>/callback/", views.callback, name="openid_connect_callback"),
    path("accounts/company/<slug:provider_id>/acs/", acs, name="company_acs"),
    path("accounts/company/<slug:provider_id>/finish/", saml_views.finish, name="company_finish"),
    path("accounts/company/<slug:provider_id>/metadata/", saml_views.metadata, name="company_metadata"),
    path("accounts/company/<slug:provider_id>/connect/", views.connect, name="company_connect"),
    path("accounts/company/<slug:provider_id>/disconnect/", views.disconnect, name="company_disconnect"),
]
