"""The table that releases before this one wrote, with rows as they wrote them (django-auditlog 3.4)."""

import json
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model

SQLITE = """CREATE TABLE auditlog_logentry (id integer PRIMARY KEY AUTOINCREMENT, object_pk varchar(255) NOT NULL, object_id bigint,
    object_repr text NOT NULL, action smallint unsigned NOT NULL, changes text, timestamp datetime NOT NULL, actor_id bigint,
    content_type_id integer NOT NULL, remote_addr char(39), additional_data text, serialized_data text, cid varchar(255),
    changes_text text NOT NULL, remote_port integer unsigned, actor_email varchar(254))"""
POSTGRES = """CREATE TABLE auditlog_logentry (id serial PRIMARY KEY, object_pk varchar(255) NOT NULL, object_id bigint,
    object_repr text NOT NULL, action smallint NOT NULL, changes jsonb, timestamp timestamptz NOT NULL, actor_id bigint,
    content_type_id integer NOT NULL, remote_addr inet, additional_data jsonb, serialized_data jsonb, cid varchar(255),
    changes_text text NOT NULL, remote_port integer, actor_email varchar(254))"""
COLUMNS = (
    "object_pk, object_repr, action, changes, timestamp, actor_id, content_type_id, remote_addr, additional_data, changes_text, actor_email"
)


def create() -> None:
    with connection.cursor() as cursor:
        cursor.execute(POSTGRES if connection.vendor == "postgresql" else SQLITE)


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS auditlog_logentry")


def add(target: Model, action: int, at: datetime, actor: Any = None, changes: Any = None, data: Any = None, **columns: Any) -> int:
    """Returns the row's id."""
    values = {
        "object_pk": str(target.pk),
        "object_repr": str(target),
        "action": action,
        "changes": json.dumps(changes or {}),
        "timestamp": at if connection.vendor == "postgresql" else at.replace(tzinfo=None),
        "actor_id": actor and actor.pk,
        "content_type_id": ContentType.objects.get_for_model(target).pk,
        "remote_addr": None,
        "additional_data": None if data is None else json.dumps(data),
        "changes_text": "",
        "actor_email": actor and actor.email,
    } | columns
    names = [*COLUMNS.split(", "), *(name for name in columns if name == "id")]
    statement = f"INSERT INTO auditlog_logentry ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) RETURNING id"
    with connection.cursor() as cursor:
        cursor.execute(statement, [values[name] for name in names])
        return int(cursor.fetchone()[0])
