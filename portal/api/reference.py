"""The OpenAPI document as the API's page shows it: groups of operations, fields, examples and curl lines."""

import json
from dataclasses import dataclass, field
from typing import Any

from portal.api.document import METHODS, document
from portal.api.documented import ERRORS
from portal.api.examples import curl, example
from portal.api.schema_fields import Field, fields_of, name_of, resolve

Json = dict[str, Any]


@dataclass
class Response:
    status: str
    description: str
    schema: str  # the name of its body's schema; empty without a body
    example: str
    headers: list[Field]


@dataclass
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    authentication: list[str]
    parameters: list[Field]
    body_type: str
    body: list[Field]
    body_schema: str
    responses: list[Response]
    errors: list[str]  # the statuses whose description is that of all operations
    curl: str


@dataclass
class Group:
    name: str
    description: str
    id: str
    operations: list[Operation] = field(default_factory=list)


@dataclass
class Schema:
    name: str
    description: str
    values: list[str]
    fields: list[Field]
    example: str


def reference() -> Json:
    """The context of the page: info, server, schemes of authentication, groups, errors, schemas."""
    whole = document()
    groups = {
        tag["name"]: Group(tag["name"], tag["description"], "group-" + tag["name"].lower().replace(" ", "-")) for tag in whole["tags"]
    }
    for path, methods in whole["paths"].items():
        for method in METHODS:
            if method in methods:
                groups[methods[method]["tags"][0]].operations.append(operation(whole, method, path, methods[method]))
    return {
        "info": whole["info"],
        "server": whole["servers"][0]["url"],
        "groups": list(groups.values()),
        "errors": [{"status": status, "description": words, "code": code[0]} for status, (words, code, _) in ERRORS.items()],
        "schemas": [schema(whole, name) for name in sorted(whole["components"]["schemas"])],
    }


def operation(whole: Json, method: str, path: str, one: Json) -> Operation:
    content = one.get("requestBody", {}).get("content", {})
    body_type, media = next(iter(content.items()), ("", {"schema": {}}))
    shared = [status for status, response in one["responses"].items() if is_shared(status, response)]
    return Operation(
        id=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        description=one.get("description", ""),
        authentication=[name for each in one["security"] for name in each],
        parameters=[Field.of(each["name"], each["schema"], each.get("required", False), each["in"]) for each in one.get("parameters", [])],
        body_type=body_type,
        body=fields_of(resolve(whole, media["schema"])),
        body_schema=name_of(media["schema"]),
        responses=[response(whole, status, each) for status, each in one["responses"].items() if status not in shared],
        errors=sorted(shared),
        curl=curl(whole, method, path, one),
    )


def is_shared(status: str, one: Json) -> bool:
    return status in ERRORS and one["description"] == ERRORS[status][0]


def response(whole: Json, status: str, one: Json) -> Response:
    media = one.get("content", {}).get("application/json", {})
    body = media.get("schema", {})
    shown = media.get("example") or (example(whole, body) if body else None)
    headers = [
        Field.of(name, {**each["schema"], "description": each["description"]}, False) for name, each in one.get("headers", {}).items()
    ]
    return Response(status, one["description"], name_of(body), pretty(shown) if shown else "", headers)


def schema(whole: Json, name: str) -> Schema:
    one = whole["components"]["schemas"][name]
    values = [str(value) for value in one.get("enum", [])]
    return Schema(name, one.get("description", ""), values, fields_of(one), "" if values else pretty(example(whole, one)))


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
