"""The OpenAPI document at /api/v1/openapi.json: what django-ninja knows of /api/v1, the token endpoints, and what linters and generators
of clients need besides. It depends on the settings alone, and is built once in each process."""

import hashlib
import json
from functools import cache
from typing import Any

from django.utils.http import quote_etag

from portal.api import token_endpoints, token_schemas
from portal.api.app import api
from portal.api.documented import error_responses

METHODS = ("get", "post", "put", "patch", "delete")


@cache
def built() -> tuple[bytes, str]:
    """The document's text and its ETag."""
    text = json.dumps(document(), ensure_ascii=False).encode()
    return text, quote_etag(hashlib.sha256(text).hexdigest()[:32])


def document() -> dict[str, Any]:
    """The document as JSON has it."""
    whole = json.loads(json.dumps(api.get_openapi_schema()))
    for operation in operations(whole):
        operation["responses"] |= error_responses(operation["responses"])
        for parameter in operation.get("parameters", []):
            leave_out_null(parameter)
    whole["paths"] |= token_endpoints.PATHS
    whole["components"]["schemas"] |= token_schemas.SCHEMAS
    whole["components"]["securitySchemes"] |= token_endpoints.SECURITY_SCHEMES
    keep_used_schemas(whole)
    return whole


def operations(whole: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in whole["paths"].values() for method, operation in methods.items() if method in METHODS]


def leave_out_null(parameter: dict[str, Any]) -> None:
    """A parameter that need not be there is not null when it is there: generated clients would send the text "null" or nothing."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    parameter.pop("examples", None)  # the schema has them as a list, which is no map of examples as a parameter's would be


def keep_used_schemas(whole: dict[str, Any]) -> None:
    """Takes out the schemas that django-ninja made of what it spread over the parameters of an operation."""
    schemas = whole["components"]["schemas"]
    used: set[str] = set()
    text = json.dumps(whole["paths"])
    while found := {name for name in schemas.keys() - used if f'"#/components/schemas/{name}"' in text}:
        used |= found
        text = json.dumps([schemas[name] for name in found])
    whole["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in used}
