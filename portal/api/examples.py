"""Examples of values and requests, made from the schemas of the OpenAPI document."""

import json
import re
from typing import Any

from portal.api.schema_fields import resolve

Json = dict[str, Any]
BY_TYPE = {"string": "…", "integer": 1, "number": 1, "boolean": True, "null": None}
BY_FORMAT = {"uuid": "7d4a3c1e-5f0b-4a52-9d86-2b1c8f6e0a37", "date": "2027-01-01", "date-time": "2027-01-01T00:00:00+00:00"}


def example(whole: Json, schema: Json) -> Any:
    """A value that the schema allows: its own example, or one that is put together from its parts."""
    given = [schema[key] for key in ("example", "default", "const") if key in schema and schema[key] is not None] or schema.get(
        "examples", []
    )
    if given:
        return given[0]
    one = resolve(whole, schema)
    if one is not schema:
        return example(whole, one)
    if "properties" in one:
        return {name: example(whole, each) for name, each in one["properties"].items()}
    if "enum" in one:
        return one["enum"][0]
    if one.get("type") == "array":
        return [example(whole, one["items"])]
    return {} if one.get("type") == "object" else BY_FORMAT.get(one.get("format", ""), BY_TYPE.get(one.get("type", ""), "…"))


def curl(whole: Json, method: str, path: str, operation: Json) -> str:
    """A command line that sends the request, with the token in the variable TOKEN. What is in capitals in its address is to be replaced."""
    address = whole["servers"][0]["url"] + re.sub(r"{(\w+)}", lambda found: found[1].upper(), path)
    lines = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}{address}"]
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    for content_type, media in operation.get("requestBody", {}).get("content", {}).items():
        value = example(whole, media["schema"])
        if content_type == "application/json":
            lines += [f"--json '{json.dumps(value, ensure_ascii=False)}'"]
        else:
            lines += [f"-d {name}={text}" for name, text in value.items()]
    return " \\\n  ".join(lines)
