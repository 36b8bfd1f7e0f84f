"""JSON schemas in words: what type a field has, what it may hold, and which schema it refers to."""

from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]
# Keyword of JSON Schema -> how the page says it.
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matches `{}`",
}
PREFIX = "#/components/schemas/"


@dataclass
class Field:
    name: str
    type: str
    schema: str  # the name of the schema that it refers to; empty if to none
    place: str  # of a parameter: path, query or header
    required: bool
    description: str
    limits: list[str]
    values: list[str]
    default: str

    @classmethod
    def of(cls, name: str, schema: Json, required: bool, place: str = "") -> Self:
        rules = {**plain(schema), **schema}
        limits = [words.format(rules[key]) for key, words in LIMITS.items() if key in rules and (key, rules[key]) != ("minLength", 1)]
        values = [str(value) for value in plain(schema).get("enum", [])]
        default = "" if schema.get("default") in ("", None) else str(schema["default"])
        return cls(name, type_of(schema), name_of(schema), place, required, schema.get("description", ""), limits, values, default)


def fields_of(schema: Json) -> list[Field]:
    required = schema.get("required", [])
    return [Field.of(name, each, name in required) for name, each in schema.get("properties", {}).items()]


def choices(schema: Json) -> list[Json]:
    """What a value can be: the branches of anyOf or allOf, or the schema alone."""
    return schema.get("anyOf") or schema.get("allOf") or [schema]


def plain(schema: Json) -> Json:
    """The first of its choices: the others, where there are any, are null."""
    return choices(schema)[0]


def name_of(schema: Json) -> str:
    """The name of the schema that it refers to, itself or each of its items; empty if to none."""
    one = plain(schema)
    one = plain(one.get("items", one))
    return str(one.get("$ref", "")).removeprefix(PREFIX)


def type_of(schema: Json) -> str:
    """For example: string, integer or null, array of TokenOut, string (date-time)."""
    return " or ".join(dict.fromkeys(type_of_one(each) for each in choices(schema)))


def type_of_one(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(PREFIX)
    if schema.get("type") == "array":
        return f"array of {type_of(schema['items'])}"
    form = f" ({schema['format']})" if "format" in schema else ""
    return f"{schema.get('type', 'any')}{form}"


def resolve(whole: Json, schema: Json) -> Json:
    """The schema itself, where this refers to one of the document's."""
    one = plain(schema)
    name = str(one.get("$ref", "")).removeprefix(PREFIX)
    found: Json = whole["components"]["schemas"][name] if name else one
    return found
