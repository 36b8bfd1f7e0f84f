"""The table in which earlier releases queued emails, for the migrations that read it. Like Django's MigrationRecorder: outside of the
project's apps, since django-post-office is no longer installed. A database that began with this release has no such table."""

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

SENT, FAILED, QUEUED, REQUEUED = range(4)


class PostOfficeEmail(models.Model):
    to = models.TextField()
    subject = models.TextField()
    message = models.TextField()
    html_message = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    created = models.DateTimeField()
    last_updated = models.DateTimeField()
    scheduled_time = models.DateTimeField(null=True)
    message_id = models.TextField(null=True)
    number_of_retries = models.PositiveIntegerField(null=True)
    headers = models.JSONField(null=True)
    context = models.JSONField(null=True)

    class Meta:
        apps = Apps()
        app_label = "notifications"
        db_table = "post_office_email"

    def __str__(self) -> str:
        return f"email {self.pk}"


def exists(connection: BaseDatabaseWrapper) -> bool:
    return PostOfficeEmail._meta.db_table in connection.introspection.table_names()
