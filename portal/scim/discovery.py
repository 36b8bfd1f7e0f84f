"""What the service says of itself (RFC 7644, section 4)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from scim2_models import Context, Meta, Resource

from portal.scim import addresses
from portal.scim.protocol import PROVIDER


def dumped(found: Resource[Any], kind: str, endpoint: str) -> dict[str, Any]:
    named = found.model_copy(update={"meta": Meta(resource_type=kind, location=addresses.url(endpoint))})
    return named.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


@cache
def config() -> dict[str, Any]:
    assert PROVIDER.config
    return dumped(PROVIDER.config, "ServiceProviderConfig", "ServiceProviderConfig")


@cache
def resource_types() -> dict[str, dict[str, Any]]:
    return {str(each.id): dumped(each, "ResourceType", f"ResourceTypes/{each.id}") for each in PROVIDER.resource_types}


@cache
def schemas() -> dict[str, dict[str, Any]]:
    found = {str(each.id): dumped(each, "Schema", f"Schemas/{each.id}") for each in PROVIDER.schemas}
    for schema in found.values():
        for attribute in schema["attributes"]:
            if attribute["name"] == "active":  # a person always has it; a request without it leaves it as it is
                attribute["required"] = True
    return found


def all_of(found: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(found),
        "startIndex": 1,
        "itemsPerPage": len(found),
        "Resources": list(found.values()),
    }
