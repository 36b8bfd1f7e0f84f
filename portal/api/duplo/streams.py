"""Lists as DuploCloud's clients expect them: whole, in one JSON array. Rows are read and sent a batch at a time, so that a list of any
length takes little memory and no long transaction."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from portal.api.pagination import after, direction

BATCH = 1000


def stream(rows: QuerySet[Any], order: tuple[str, ...], shape: Callable[[Any], Any], around: str = "{}") -> StreamingHttpResponse:
    """The response with `shape` of each row. `order`: as for `portal.api.pagination.page`; `around`: the text in which `{}` is the array.

    The first batch is read at once, so that a database that does not respond is an error response; later the connection is cut, and
    the client sees JSON that does not end."""
    before, behind = around.split("{}")
    chunks = array(rows, order, shape)
    return StreamingHttpResponse(chain([before + next(chunks)], chunks, [behind]), content_type="application/json")


def array(rows: QuerySet[Any], order: tuple[str, ...], shape: Callable[[Any], Any]) -> Iterator[str]:
    """The array's text in parts. Each batch begins after the last row of the one before: rows that come or go meanwhile neither hide nor
    double another."""
    start, batch = "[", list(rows.order_by(*order)[:BATCH])
    while batch:
        yield start + ",".join(json.dumps(shape(row)) for row in batch)
        if len(batch) < BATCH:
            start = ""
            break
        last = [getattr(batch[-1], direction(field)[0]) for field in order]
        start, batch = ",", list(rows.filter(after(order, last)).order_by(*order)[:BATCH])
    yield "[]" if start == "[" else "]"
