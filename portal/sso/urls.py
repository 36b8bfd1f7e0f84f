"""The names are django-allauth's, which reverses them. The provider sends browsers to the callback: its address is registered there."""

from django.urls import path

from portal.sso import throttle, views
from portal.users.limits import limited, source

start = limited(views.start, (throttle.COMPANY_SIGN_INS, source))

urlpatterns = [
    path("accounts/company/<slug:provider_id>/", start, name="openid_connect_login"),
    path("accounts/company/<slug:provider_id>/callback/", views.callback, name="openid_connect_callback"),
    path("accounts/company/<slug:provider_id>/connect/", views.connect, name="company_connect"),
    path("accounts/company/<slug:provider_id>/disconnect/", views.disconnect, name="company_disconnect"),
]
