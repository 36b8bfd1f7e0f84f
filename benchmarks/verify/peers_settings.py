"""A Django project for what we measure ourselves against. Nothing slows it down: no middleware, a connection that stays open."""

import os

import environ

SECRET_KEY = "a key for the benchmark alone, of some length"
ROOT_URLCONF = "verify.peers_urls"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
    "knox",
    "rest_framework_api_key",
]
MIDDLEWARE: list[str] = []
USE_TZ = True
DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
