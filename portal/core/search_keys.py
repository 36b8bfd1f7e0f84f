"""A stored key by which rows are searched and sorted, the same on both databases.

Sorting by `Fold("name")` calls a function for each row of the table. A model that is listed by the million keeps the folded text in a
column instead, which an ordinary index sorts by, and in which PostgreSQL finds any three characters by an index of trigrams. That index
needs a function of its own (migration users.0010), and no extension: not every operator can create extensions.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunSQL
from django.db.models import F, Lookup, Model, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from portal.core.ordering import Fold
from portal.core.text import fold

SEPARATOR = "\x1f"  # between the texts of a key: no name has it, and it sorts before everything that a name has
GRAM = 3
BATCH = 5_000


class SearchKeyField(models.TextField):  # type: ignore[type-arg]  # Django's own is not generic
    """`SearchKeyField("name", "last_four")`: those fields' folded texts, written whenever the row is saved.

    Compares by code point on both databases. Empty in a row that was written by a release without the field, until `fill` runs.
    """

    is_sort_key = True  # compared as it stands (portal/core/keyset.py, ordering.py)

    def __init__(self, *sources: str, **options: Any) -> None:
        self.sources = sources
        fixed: dict[str, Any] = {"db_default": "", "default": "", "editable": False}
        super().__init__(**(fixed | options))

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, _, options = super().deconstruct()
        return name, path, self.sources, options

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        collation = {"collation": "C"} if connection.vendor == "postgresql" else {}
        return super().db_parameters(connection) | collation

    def pre_save(self, instance: Model, add: bool) -> str:
        key = SEPARATOR.join(fold(getattr(instance, source) or "") for source in self.sources)
        setattr(instance, self.attname, key)
        return key

    def expression(self) -> Combinable:
        """The same in the database."""
        folded: list[Any] = [part for source in self.sources for part in (Value(SEPARATOR), Fold(F(source)))][1:]
        return Concat(*folded, output_field=models.TextField()) if len(folded) > 1 else folded[0]


@SearchKeyField.register_lookup
class KeyHas(Lookup):
    """`search_key__has="älice"`: the key contains this text in any case. No character of it is a wildcard. Reads every key."""

    lookup_name = "has"
    prepare_rhs = False

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(lhs, fold(str(rhs)).replace(SEPARATOR, ""))

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        key, values = self.process_lhs(compiler, connection)
        return f"{'strpos' if connection.vendor == 'postgresql' else 'instr'}({key}, %s) > 0", (*values, self.rhs)


@SearchKeyField.register_lookup
class KeyMayHave(KeyHas):
    """What PostgreSQL's index of trigrams answers of `has`: whether the key has each three characters of the text. True elsewhere."""

    lookup_name = "may_have"

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        grams = trigrams(str(self.rhs))
        if connection.vendor != "postgresql" or not grams:
            return "1 = 1", ()
        key, values = self.process_lhs(compiler, connection)
        return f"portal_trigrams({key}) @> %s::text[]", (*values, grams)


def trigrams(text: str) -> list[str]:
    """Every three characters that follow each other in `text`, each once. Mirrored in SQL by `portal_trigrams`."""
    return sorted({text[start : start + GRAM] for start in range(len(text) - GRAM + 1)})


def fill(rows: QuerySet[Any], field: str = "search_key") -> int:
    """Writes the keys that are missing, in batches of one statement each. Returns how many there were."""
    missing, filled = rows.filter(**{field: ""}).order_by("pk"), 0
    expression = rows.model._meta.get_field(field).expression()
    keys = list(missing.values_list("pk", flat=True)[:BATCH])
    while keys:
        filled += rows.filter(pk__in=keys).order_by().update(**{field: expression})
        keys = list(missing.filter(pk__gt=keys[-1]).values_list("pk", flat=True)[:BATCH])
    return filled


# Names of pg_catalog alone: an index uses the function while a dump is restored, when nothing else is in sight.
FUNCTION = """
CREATE FUNCTION portal_trigrams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT array_agg(DISTINCT substr($1, start, 3)) FROM generate_series(1, length($1) - 2) AS start $$"""


class PostgresSQL(RunSQL):
    """Nothing on SQLite, which has neither such indexes nor a need of them: a look through the keys of 100,000 rows is fast enough."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def add_trigram_function() -> PostgresSQL:
    return PostgresSQL(FUNCTION, "DROP FUNCTION portal_trigrams(text)")


def add_trigram_index(table: str, name: str, condition: str = "true") -> PostgresSQL:
    return PostgresSQL(f"CREATE INDEX {name} ON {table} USING gin (portal_trigrams(search_key)) WHERE {condition}", f"DROP INDEX {name}")
