"""Django's settings, and the only reader of the environment. `.env.example` documents every variable.

Without DATABASE_URL this is the *embedded run*: SQLite, a file broker and emails as files, all under `var/`.
"""

from datetime import timedelta
from email.utils import formataddr
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONE, SELF

from portal import env as environment
from portal.env import read, urls, values
from portal.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
environment.read_file(BASE_DIR / ".env")

DATA_DIR = environment.folder("PORTAL_DATA_DIR", BASE_DIR / "var", BASE_DIR)

A_DATABASE = "an address such as postgres://user:password@host:5432/name, with special characters percent-encoded"
A_PASSWORD = "a password of at least 8 characters, not all of them digits, that is not a common one"
A_KEY = "a random text of at least 32 characters"

DATABASE = read("DATABASE_URL", urls.database, None, A_DATABASE)
EMBEDDED = DATABASE is None
POSTGRES_PASSWORD = read("POSTGRES_PASSWORD", values.password, "", A_PASSWORD)
SECRET_KEY = environment.kept_secret("SECRET_KEY", DATA_DIR / "secret_key" if EMBEDDED else None, A_KEY)
SECRET_KEY_FALLBACKS: list[str] = read("SECRET_KEY_FALLBACKS", values.keys, [], f"{A_KEY}, or several separated by commas")
DEBUG = read("DEBUG", values.boolean, False, "true or false")
PORT = read("PORT", values.whole_number(1, 65535), 8000, "a whole number from 1 to 65535")
PORTAL_URL = read("PORTAL_URL", urls.origin, f"http://127.0.0.1:{PORT}", "an address such as https://portal.example.com, without a path")
WHOAMI_PATH = "/api/v1/whoami"  # says whose a token is: the first request that the window with a new token suggests
PORTAL_HOST = urls.host_of(PORTAL_URL)
PORTAL_NAME = read("PORTAL_NAME", values.name, "Token Portal", "a name of at most 80 characters, without < and >")
ALLOWED_HOSTS = read(
    "ALLOWED_HOSTS",
    urls.hosts,
    ["127.0.0.1", "localhost", "[::1]"],
    "host names separated by commas, without https:// and without a port, such as portal.example.com",
)
if PORTAL_HOST not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(PORTAL_HOST)
REDIS_URL = read("REDIS_URL", urls.redis, "", "an address such as redis://:password@host:6379/0, with special characters percent-encoded")
REDIS_PASSWORD = read("REDIS_PASSWORD", values.password, "", A_PASSWORD)
REDIS_URL = urls.with_password(REDIS_URL, REDIS_PASSWORD)
TOKEN_SCAN_MINUTES = read("TOKEN_SCAN_MINUTES", values.whole_number(1, 24 * 60), 15, "a whole number from 1 to 1440")
TRUSTED_PROXIES: list[values.Network] = read(
    "TRUSTED_PROXIES", values.networks, [], "the addresses of your own proxies separated by commas, such as 127.0.0.1,10.1.2.3"
)
WRONG_TOKENS_A_MINUTE = read("WRONG_TOKENS_A_MINUTE", values.whole_number(1, 1_000_000), 60, "a whole number from 1 to 1000000")
SECURITY_CONTACT: list[str] = read(
    "SECURITY_CONTACT",
    urls.contacts,
    [],
    "an email address, or an address such as https://example.com/security, or several separated by commas",
)
# Receivers of the audit trail (portal/audit/stream).
AUDIT_SYSLOG: urls.Address | None = read("AUDIT_SYSLOG_URL", urls.syslog, None, "an address such as syslog+tls://siem.example.com:6514")
AUDIT_HTTPS: urls.Address | None = read("AUDIT_HTTPS_URL", urls.https, None, "an address such as https://siem.example.com/audit")
AUDIT_HTTPS_TOKEN = read("AUDIT_HTTPS_TOKEN", values.header, "", "text in ASCII")
A_PEM_FILE = "a file that the portal can read, in PEM format"
AUDIT_CA_CERTIFICATES = read("AUDIT_CA_CERTIFICATES", values.file(BASE_DIR), None, A_PEM_FILE)
AUDIT_CLIENT_CERTIFICATE = read("AUDIT_CLIENT_CERTIFICATE", values.file(BASE_DIR), None, A_PEM_FILE)
WEB_WORKERS = read("WEB_WORKERS", values.whole_number(1, 64), 2, "a whole number from 1 to 64")
HTTPS = PORTAL_URL.startswith("https://")

PORTAL_ADMIN_USERNAME = read("PORTAL_ADMIN_USERNAME", values.username, "admin@example.com", "an email address")
PORTAL_ADMIN_PASSWORD = read("PORTAL_ADMIN_PASSWORD", values.password, "", A_PASSWORD)

SIGN_IN_PROVIDERS = environment.read_providers("SIGN_IN_PROVIDERS", BASE_DIR)

INSTALLED_APPS = [
    "portal",  # first: its commands changepassword and createsuperuser replace Django's
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "bootstrap",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
    # Ours come last: their admin.py takes some of the libraries' pages out again.
    "portal.audit",
    "portal.audit.stream",
    "portal.notifications",
    "portal.users",
    "portal.sessions",
    "portal.faults",
    "settings_app",
    "portal.directory",
    "portal.second_factor",
    "portal.sso",
    "tokens",
    "portal.scim",
    "portal.demo",
]

MIDDLEWARE = [
    "portal.core.middleware.RequestContextMiddleware",  # around all others, so that their log lines have the request's id
    "portal.core.client_ip.ClientIPMiddleware",  # before whatever reads REMOTE_ADDR
    "portal.core.middleware.frame_room_middleware",  # around whatever calls deep
    "portal.api.errors.ApiMiddleware",
    "portal.api.duplo.errors.DuploMiddleware",
    "portal.scim.errors.ScimMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.core.request_bodies.BodyMiddleware",  # before anything reads a body; its answers have the headers of all pages
    "portal.core.probes.ProbeMiddleware",  # before CommonMiddleware, which rejects a Host that is not in ALLOWED_HOSTS
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.core.middleware.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.users.devices.DeviceMiddleware",
    "portal.sessions.middleware.LastSeenMiddleware",
    "portal.users.limits.ThrottleMiddleware",
    "portal.second_factor.middleware.RequirementMiddleware",
    "portal.core.middleware.MethodNotAllowedMiddleware",
    "portal.core.middleware.PrivatePagesMiddleware",
    "tokens.pasted.TokenInAddressMiddleware",
]

# The side navigation: section ("": above all sections), label, URL name, icon, the roles that see it.
NAVIGATION = [
    ("", "Home", "home", "fa-house", ("administrator", "operator")),
    ("Administrator", "Users", "users:list", "fa-users", ("administrator",)),
    ("Administrator", "Faults", "faults:list", "fa-triangle-exclamation", ("administrator", "operator")),
    ("Administrator", "System Settings", "settings:config", "fa-gear", ("administrator",)),
    ("Administrator", "Audit Trail", "audit:list", "fa-clock-rotate-left", ("administrator", "operator")),
    ("AI Admin", "Access Control", "tokens:all", "fa-user-shield", ("administrator",)),
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.core.template_builtins"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.core.context_processors.frame",
                "portal.faults.context_processors.bell",
                "tokens.expiry.health.banner",
                "portal.second_factor.context_processors.second_factor",
            ],
        },
    }
]

SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "portal.sqlite3",
}
SQLITE_OPTIONS = {
    # WAL lets readers go on while one process writes, and FULL lets a confirmed revocation outlive a power cut. IMMEDIATE takes
    # the write lock when a transaction begins: one that read first and writes later could otherwise fail at once, unwaited.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
DATABASES = {"default": DATABASE or SQLITE}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
else:
    # A server that does not answer is given up in seconds, not in the minutes that the system's own limits are.
    limits = {"connect_timeout": 2, "tcp_user_timeout": 10_000}
    options = limits | DATABASES["default"].get("OPTIONS", {})
    password = DATABASES["default"]["PASSWORD"] or POSTGRES_PASSWORD
    DATABASES["default"] |= {"PASSWORD": password, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
    # A cursor that outlives its transaction is lost behind PgBouncer, which gives the next one another connection to the server.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = [
    "models.W040",  # on SQLite an index is without the columns that it would only carry along: known, and no news
    "security.W005",  # HSTS for subdomains and
    "security.W021",  # preloading decide about hosts that are not ours: on example.com, about all of an organisation's
    "security.W008",  # the proxy redirects to https: one that does not say which of the two it was asked by would send people in circles
]

# Nothing is cached, and CACHES is Django's default, the memory of each process: sign-in's limits are rows (portal/users/throttle.py).

# Sign-in (django-allauth)
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "portal.users.password_rules.KnownPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_FORMS = {"login": "portal.users.forms.SignInForm", "reset_password": "portal.users.forms.ResetPasswordForm"}
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "portal.users.links.KeyGenerator"
ACCOUNT_ADAPTER = "portal.users.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}  # a person's username is the email address; a second way would take longer for those who exist
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True  # the form's "remember me" is not offered: tokens/sessions.py sets the session's end
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGIN_TIMEOUT = 300  # seconds from the password to the end of the second step
SIGN_IN_STAGES = ["portal.second_factor.stage.SecondFactorStage"]
MFA_ADAPTER = "portal.second_factor.adapter.MFAAdapter"
# What portal/users/limits.py limits instead.
ACCOUNT_RATE_LIMITS = dict.fromkeys(["login", "reset_password", "reset_password_from_key", "change_password", "reauthenticate"])

# Sign-in by the company's providers (portal/sso)
SOCIALACCOUNT_ADAPTER = "portal.sso.adapter.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# The table holds hashes of the keys that the cookies carry.
SESSION_ENGINE = "portal.users.session_store"
# With this prefix a browser takes the cookie only over https and from this very host, so that no neighbour can plant one (RFC 6265bis).
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}portal_session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}portal_csrf"
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}portal_device"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
CSRF_FAILURE_VIEW = "portal.core.rejected_forms.csrf_failure"
# For a year browsers ask this host by https alone, on every port: so not where others, by a port of its own, share the host.
SECURE_HSTS_SECONDS = 365 * 86400 if f"https://{PORTAL_HOST}" == PORTAL_URL else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # icons in the style sheet: Bootstrap's own and Font Awesome's
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# There are no uploads (portal/core/request_bodies.py); if one ever gets past that, it stays in memory and is thrown away.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en"
TIME_ZONE = read("TIME_ZONE", values.time_zone, "UTC", "a time zone's name such as Europe/Berlin")
USE_I18N = False
FORMAT_MODULE_PATH = "portal.core.formats"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = read("STATIC_ROOT", values.static_folder(BASE_DIR), DATA_DIR / "static", "a folder of its own, outside the portal's sources")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.core.assets.bundles.BundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# Email: every message is a row in the outbox (portal.notifications), from where it is sent through EMAIL_TRANSPORT.
DEFAULT_FROM_EMAIL = read(
    "DEFAULT_FROM_EMAIL",
    values.sender,
    formataddr((PORTAL_NAME, "portal@localhost")),
    "one address such as Token Portal <portal@example.com>",
)
EMAIL_BACKEND = "portal.notifications.backend.OutboxBackend"
EMAIL_TIMEOUT = 20
EMAIL = read(
    "EMAIL_URL",
    urls.email,
    None,
    "an address such as smtp+tls://user:password@host:587 (or smtp://, smtp+ssl://), with special characters percent-encoded",
)
EMAIL_HELO_NAME = read("EMAIL_HELO_NAME", urls.helo_name, urls.helo_name(urls.host_of(PORTAL_URL)), "a host name or an IP address")
EMAIL_TRANSPORT = "portal.notifications.channels.smtp.EmailBackend" if EMAIL else "django.core.mail.backends.filebased.EmailBackend"
if EMAIL:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL.host, EMAIL.port, EMAIL.user, EMAIL.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL.starttls, EMAIL.tls
EMAIL_FILE_PATH = DATA_DIR / "mail"

# Celery: a task only says "look now". What must happen is a row, and the next beat finds what a lost task left.
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_TASK_SERIALIZER, CELERY_ACCEPT_CONTENT = "json", ["json"]  # who can write to the broker must not be able to run code (pickle)
if REDIS_URL:
    # A page that queues a task waits for no Redis that is down: by default 6 seconds, and for ever if it accepts connections and is silent.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"max_retries": 0, "socket_connect_timeout": 2, "socket_timeout": 2}
else:
    BROKER_DIR = DATA_DIR / "broker"
    for folder in ("queue", "control", "processed"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "polling_interval": 0.5,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "scan-tokens": {
        "task": "tokens.tasks.scan_tokens",
        "schedule": timedelta(minutes=TOKEN_SCAN_MINUTES),
        # A message that waited for longer than the interval is worth nothing: the next one says the same.
        "options": {"expires": TOKEN_SCAN_MINUTES * 60},
    },
    "deliver-messages": {
        "task": "portal.notifications.tasks.deliver_messages",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "seal-audit-entries": {
        "task": "portal.audit.tasks.seal_entries",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "fill-search-keys": {
        "task": "tokens.tasks.fill_search_keys",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "adopt-former-emails": {
        "task": "tokens.tasks.adopt_former_emails",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },  # to be removed in the next release
    "revoke-in-bulk": {"task": "tokens.tasks.revoke_in_bulk", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "check-directory-tokens": {
        "task": "portal.scim.tasks.check_directory_tokens",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "check-owners": {"task": "portal.directory.tasks.check_owners", "schedule": timedelta(minutes=10), "options": {"expires": 600}},
    "apply-roles": {"task": "portal.directory.tasks.apply_roles", "schedule": timedelta(minutes=10), "options": {"expires": 600}},
    "watch-sign-in": {"task": "portal.sso.tasks.watch_sign_in", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "watch-scan": {"task": "tokens.tasks.watch_scan", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "forget-audit-receivers": {
        "task": "portal.audit.stream.tasks.forget_receivers",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "clean-up": {"task": "tokens.tasks.clean_up", "schedule": crontab(hour=3, minute=17)},
}
for kind, receiver in (("syslog", AUDIT_SYSLOG), ("https", AUDIT_HTTPS)):
    if receiver:
        CELERY_BEAT_SCHEDULE[f"push-audit-{kind}"] = {
            "task": "portal.audit.stream.tasks.push_entries",
            "args": (kind,),
            "schedule": timedelta(seconds=10),
            "options": {"expires": 10},
        }

LOGGING = logging_config(debug=DEBUG)
