"""Django's settings, and the only reader of the environment. `.env.example` documents every variable.

Without DATABASE_URL this is the *embedded run*: SQLite, a file broker and mail as files, all under `var/`.
"""

from datetime import timedelta
from email.utils import formataddr
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF

from portal import environment
from portal.environment import read
from portal.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
environment.env.read_env(str(BASE_DIR / ".env"))

DATA_DIR = environment.folder("PORTAL_DATA_DIR", BASE_DIR / "var")

DATABASE = read("DATABASE_URL", "db_url", None, "a database address such as postgres://user:password@host/name")
EMBEDDED = DATABASE is None
SECRET_KEY = environment.kept_secret("SECRET_KEY", DATA_DIR / "secret_key" if EMBEDDED else None)
SECRET_KEY_FALLBACKS = read("SECRET_KEY_FALLBACKS", "list", [], "keys separated by commas")
if any(len(key) < 32 for key in SECRET_KEY_FALLBACKS):
    environment.stop("SECRET_KEY_FALLBACKS", "must be keys of at least 32 characters, separated by commas.")
DEBUG = read("DEBUG", "bool", False, "true or false")
PORT = environment.whole_number("PORT", 8000, 1, 65535)
PORTAL_URL = environment.origin("PORTAL_URL", f"http://127.0.0.1:{PORT}")
PORTAL_NAME = read("PORTAL_NAME", "str", "Token Portal", "a name")
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
REDIS_URL = environment.redis_address("REDIS_URL")
TOKEN_SCAN_MINUTES = environment.whole_number("TOKEN_SCAN_MINUTES", 15, 1, 24 * 60)
TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES")
WRONG_TOKENS_A_MINUTE = environment.whole_number("WRONG_TOKENS_A_MINUTE", 60, 1, 1_000_000)
WEB_WORKERS = environment.whole_number("WEB_WORKERS", 2, 1, 64)
HTTPS = PORTAL_URL.startswith("https://")

PORTAL_ADMIN_USERNAME = read("PORTAL_ADMIN_USERNAME", "str", "admin@example.com", "a user name")
PORTAL_ADMIN_PASSWORD = read("PORTAL_ADMIN_PASSWORD", "str", "", "a password")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "auditlog",
    "bootstrap",
    "fontawesome",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "ninja",  # for the files of the API's interactive page
    "post_office",
    # Ours come last: their admin.py takes some of the libraries' pages out again.
    "portal",
    "portal.users",
    "portal.faults",
    "settings_app",
    "tokens",
]

MIDDLEWARE = [
    "portal.api.errors.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.users.devices.DeviceMiddleware",
    "portal.users.limits.ThrottleMiddleware",
    "portal.responses.MethodNotAllowedMiddleware",
    "portal.access.PrivatePagesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.frame.frame",
                "portal.faults.services.bell",
                "tokens.watch.banner",
            ]
        },
    }
]

SQLITE = {
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
    patience = {"connect_timeout": 2, "tcp_user_timeout": 10_000}
    options = patience | DATABASES["default"].get("OPTIONS", {})
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W040"]  # on SQLite an index is without the columns that it would only carry along: known, and no news

# Nothing is cached, and CACHES is Django's default, the memory of each process: sign-in's limits are rows (portal/users/throttle.py).

# Sign-in (django-allauth)
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_FORMS = {"login": "tokens.forms.SignInForm"}
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
# What portal/users/limits.py limits instead.
ACCOUNT_RATE_LIMITS = dict.fromkeys(["login", "reset_password", "reset_password_from_key", "change_password", "reauthenticate"])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "portal_session"
CSRF_COOKIE_NAME = "portal_csrf"
DEVICE_COOKIE_NAME = "__Host-portal_device" if HTTPS else "portal_device"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
CSRF_FAILURE_VIEW = "portal.rejected_forms.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's own icons in its style sheet
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en"
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(read("STATIC_ROOT", "str", str(DATA_DIR / "static"), "a folder"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "_table.html"

# Mail: every message is a row in post_office's queue; portal/mail.py sends them through MAIL_TRANSPORT.
DEFAULT_FROM_EMAIL = environment.sender("DEFAULT_FROM_EMAIL", formataddr((PORTAL_NAME, "portal@localhost")))
EMAIL_BACKEND = "portal.mail.QueueBackend"
EMAIL_TIMEOUT = 20
EMAIL = read("EMAIL_URL", "email_url", None, "an address such as smtp+tls://user:password@host:587")
MAIL_TRANSPORT = EMAIL["EMAIL_BACKEND"] if EMAIL else "django.core.mail.backends.filebased.EmailBackend"
if EMAIL:
    EMAIL_HOST, EMAIL_PORT = EMAIL["EMAIL_HOST"], EMAIL["EMAIL_PORT"] or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_USER"] or "", EMAIL["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_TLS", False), EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = DATA_DIR / "mail"
POST_OFFICE = {"BACKENDS": {"default": MAIL_TRANSPORT}, "CELERY_ENABLED": False}

# Celery: a task only says "look now". What must happen is a row, and the next beat finds what a lost task left.
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
if not REDIS_URL:
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
    "deliver-mail": {"task": "portal.tasks.deliver_mail", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "watch-scan": {"task": "tokens.tasks.watch_scan", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "clean-up": {"task": "tokens.tasks.clean_up", "schedule": crontab(hour=3, minute=17)},
}

LOGGING = logging_config(debug=DEBUG)
