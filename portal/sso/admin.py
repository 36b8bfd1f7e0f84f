"""Providers are in the settings, tokens of providers are not stored, and a user's connections are in Profile."""

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

for model in (SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)
