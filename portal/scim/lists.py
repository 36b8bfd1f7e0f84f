"""Lists of resources: filter, page and attributes (RFC 7644, section 3.4.2). `sortBy` is not supported, and left unread."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from scim2_models import Resource, ResponseParameters, SearchRequest

from portal.scim import protocol
from portal.scim.errors import ScimError
from portal.scim.filters import LONGEST, Conditions

Row = TypeVar("Row", bound=Model)
DEFAULT_RESULTS = 100
FARTHEST = 2**31 - 1
# Microsoft Entra ID writes the value behind the brackets, where the RFC has it inside.
VALUE_BEHIND = re.compile(r'(\w+)\[type eq "work"\]\.value\b', re.IGNORECASE)


def search(model: type[Resource[Any]], query: Mapping[str, Any]) -> "SearchRequest[Any]":
    """The checked parameters of a query or of the body of `.search`. Raises ScimError."""
    names = ("filter", "startIndex", "count", "attributes", "excludedAttributes")
    given = {name: query[name] for name in names if query.get(name) not in (None, "")}
    text = given.get("filter")
    if text is not None:
        if not isinstance(text, str) or len(text) > LONGEST:
            raise ScimError(400, f"A filter is text of at most {LONGEST} characters.", "invalidFilter")
        given["filter"] = VALUE_BEHIND.sub(r"\1.value", text)
    with protocol.library_errors():
        found: SearchRequest[Any] = protocol.parametrized(SearchRequest, model).model_validate(given)
        return found


def listed(
    rows: QuerySet[Row],
    wanted: "SearchRequest[Any]",
    conditions: Conditions,
    resources: Callable[[Sequence[Row], ResponseParameters[Any]], list[Resource[Any]]],
) -> dict[str, Any]:
    """The response's body. `resources`: makes the resources of a page's rows."""
    rows = rows.filter(conditions.visit(wanted.filter.ast) if wanted.filter else Q())
    start = min(wanted.start_index or 1, FARTHEST)
    count = DEFAULT_RESULTS if wanted.count is None else min(wanted.count, protocol.MOST_RESULTS)
    total = rows.count()
    page = list(rows.order_by("pk")[start - 1 : start - 1 + count]) if count and start <= total else []
    found = resources(page, wanted)
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(found),
        "Resources": [protocol.dumped(each, wanted) for each in found],
    }
