"""The Django admin does not show factors: they are secrets, even encrypted."""

from allauth.mfa.models import Authenticator
from django.contrib import admin

admin.site.unregister(Authenticator)
