"""Pages by cursor: each names the last row of the page before, so rows that come or go in between neither hide nor double another.

Not django-ninja's CursorPagination, whose cursors hold the first field of the order alone and count the rows that share its value: with
more than 100 of them it fails, and a row inserted among them shifts the next page. Its cursors are not signed either.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from ninja import Field, Schema
from pydantic import ValidationInfo, model_validator

from portal.core.errors import ServiceError
from tokens import token_format

Row = TypeVar("Row")
TOKEN_IN_ADDRESS = (
    "The address contains what looks like an API token, so nothing was searched. "
    "Addresses are kept in logs: replace the token, and ask about one with POST /oauth/introspect."
)


class KnownQuery(Schema):
    """Parameters of a query, and no others."""

    @model_validator(mode="before")
    @classmethod
    def reject_unknown(cls, given: Any, info: ValidationInfo) -> Any:
        """A misspelt filter would otherwise list everything, and a token would be searched for and logged. Raises ServiceError."""
        query = cast(dict[str, Any], info.context)["request"].GET
        if any(token_format.holds_token(text) for name, values in query.lists() for text in (name, *values)):
            raise ServiceError(TOKEN_IN_ADDRESS, "q")
        for name in query:
            if name not in cls.model_fields:
                raise ServiceError("Unknown parameter.", name)
        return given


class ListQuery(KnownQuery):
    """What every list takes. A list with filters adds them in a class of its own."""

    limit: int = Field(50, ge=1, le=200, description="Maximum number of rows.")
    cursor: str | None = Field(None, description="The `next` value of the previous page. Omit it for the first page.")
    q: str = Field("", description="Text to search for.")


class Page(Schema, Generic[Row]):
    items: list[Row]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


def page(rows: QuerySet[Any], order: tuple[str, ...], query: ListQuery) -> dict[str, Any]:
    """`{"items": [...], "next": cursor or None}`. `order`: fields as for `order_by`; together unique and none of them NULL."""
    if query.cursor is not None:
        rows = rows.filter(after(order, read(rows.model, order, query.cursor)))
    found = list(rows.order_by(*order)[: query.limit + 1])
    items = found[: query.limit]
    return {"items": items, "next": cursor(items[-1], order) if len(found) > len(items) else None}


def after(order: tuple[str, ...], values: list[Any]) -> Q:
    """The rows after the one with these values. The first condition is implied by the rest, but lets an index find the start."""
    name, up = direction(order[0])
    behind = Q((f"{name}__{'gte' if up else 'lte'}", values[0]))
    choices, same = Q(), Q()
    for field, value in zip(order, values, strict=True):
        name, up = direction(field)
        choices |= same & Q((f"{name}__{'gt' if up else 'lt'}", value))
        same &= Q((name, value))
    return behind & choices


def direction(field: str) -> tuple[str, bool]:
    """A field of `order_by`: its name, and whether it goes up."""
    return field.removeprefix("-"), not field.startswith("-")


def signer(model: type[Model]) -> Signer:
    """Signed, so that only what we made is read back, and only for the list that it was made for."""
    return Signer(salt=f"portal.api.cursor:{model._meta.label}")


def cursor(row: Model, order: tuple[str, ...]) -> str:
    values = [getattr(row, direction(field)[0]) for field in order]
    texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return signer(type(row)).sign_object(texts)


def read(model: type[Model], order: tuple[str, ...], text: str) -> list[Any]:
    """The values in a cursor. Raises ServiceError."""
    try:
        texts = signer(model).unsign_object(text)
    except BadSignature:
        raise ServiceError("This cursor doesn't belong to this list. Start without one.", "cursor") from None
    return [value_of(model, direction(field)[0], value) for field, value in zip(order, texts, strict=True)]


def value_of(model: type[Model], name: str, text: str) -> Any:
    field: Any = model._meta.get_field(name)
    return field.to_python(text)
