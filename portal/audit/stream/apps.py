from django.apps import AppConfig


class AuditStreamConfig(AppConfig):
    name = "portal.audit.stream"
    label = "audit_stream"
    verbose_name = "Audit stream"
