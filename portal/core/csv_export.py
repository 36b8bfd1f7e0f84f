"""A whole list as CSV (RFC 4180) or as lines of JSON (NDJSON): what the address's search and filters select, in its order, read and
sent a batch at a time.

Each batch begins after the last row of the one before, so that a list of any length takes little memory and no long transaction.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

from portal.core import keyset
from portal.core.keyset import Place
from portal.core.list_views import Selection

BATCH = 1000
# A spreadsheet takes what begins so for a formula (OWASP, "CSV Injection"); a Japanese one the wide forms, too. Where its separator is not
# the comma (German, French), a cell also begins after a semicolon, a tab or a line break in the text.
FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
Columns = Mapping[str, Callable[[Any], object]]  # heading: the value of a row


class Echo:
    """A file for csv.writer whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line


def csv_response(selection: Selection, columns: Columns, name: str) -> StreamingHttpResponse:
    """The file `name`.csv, as a download. The first batch is read at once, so that a database that does not respond is an error response;
    later the connection is cut."""
    return download(text_of(selection, columns), "text/csv; charset=utf-8", f"{name}.csv")


def lines_response(selection: Selection, line: Callable[[Any], str], name: str) -> StreamingHttpResponse:
    """The same as the file `name`.ndjson: `line` writes a row as JSON."""
    parts = ("".join(f"{line(row)}\n" for row in rows) for rows in batches(selection))
    return download(parts, "application/x-ndjson", f"{name}.ndjson")


def download(parts: Iterator[str], content_type: str, filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chain([next(parts, "")], parts), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response


def text_of(selection: Selection, columns: Columns) -> Iterator[str]:
    """The file's text in parts, one for each batch."""
    writer = csv.writer(Echo())
    text = writer.writerow(columns)
    for rows in batches(selection):
        yield text + "".join(writer.writerow([cell(value(row)) for value in columns.values()]) for row in rows)
        text = ""
    if text:
        yield text


def batches(selection: Selection) -> Iterator[list[Any]]:
    rows, parts = selection.rows, selection.parts
    places: list[Place] = keyset.places(rows, parts, 0, BATCH)
    while places:
        ids = [place.values[-1] for place in places]
        found = rows.order_by().in_bulk(ids)
        yield [found[each] for each in ids if each in found]
        places = keyset.places_after(rows, parts, places[-1], BATCH) if len(places) == BATCH else []


def cell(value: object) -> str:
    """Instants in UTC (ISO 8601), nothing for None, and texts that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return FORMULA.sub(r"\1'", str(value))
