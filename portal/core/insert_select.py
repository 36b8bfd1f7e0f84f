"""INSERT ... SELECT, which Django's ORM does not have: rows made of other rows, without bringing either to Python."""

from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet, Value


def insert_select(model: type[Model], rows: QuerySet[Any], **values: Any) -> int:
    """Inserts a row of `model` for each of `rows`, unless a constraint says that there is one already. Returns how many are new.

    `values`: for each field a value, or an expression over a row of `rows`, which must have a WHERE clause: SQLite cannot parse it else."""
    if rows.query.is_empty():
        return 0
    named = {field.name: field for field in model._meta.concrete_fields}
    fields = [named[name] for name in values]
    columns = [
        value if hasattr(value, "resolve_expression") else Value(value, output_field=getattr(field, "target_field", field))
        for field, value in zip(fields, values.values(), strict=True)
    ]
    select, params = rows.order_by().values_list(*columns).query.sql_with_params()
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(quote(str(field.column)) for field in fields)})"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {into} {select} ON CONFLICT DO NOTHING", params)  # all values are parameters
        return cursor.rowcount
