"""The list of entries: its columns and its file."""

import json
from typing import Any

import django_tables2 as tables

from portal.audit.formats import hexadecimal
from portal.audit.shown import credential_text
from portal.audit.words import event_label
from portal.core.csv_export import Columns
from portal.core.tables import ListTable


class EntryTable(ListTable):
    """Sorted by time alone: any other order of a million entries would have to read them all."""

    list_name = "audit"
    rows_template = "audit/_rows.html"
    exports = True

    at = tables.Column(verbose_name="When")
    event = tables.Column(verbose_name="What", orderable=False)
    who = tables.Column(verbose_name="Who", orderable=False)
    target = tables.Column(verbose_name="On what", orderable=False)
    credential = tables.Column(verbose_name="By", orderable=False)
    channel = tables.Column(verbose_name="Channel", orderable=False)
    source = tables.Column(verbose_name="Address", orderable=False)

    class Meta:
        order_by = "-at"


class ShortEntryTable(EntryTable):
    """A part of a page: without files and saved filters, which the whole list has."""

    list_name = "entries"
    exports = False

    class Meta:
        order_by = "-at"
        exclude = ("channel",)


CSV_COLUMNS: Columns = {
    "ID": lambda entry: entry.pk,
    "Sequence": lambda entry: entry.sequence,
    "When": lambda entry: entry.at,
    "Event": lambda entry: entry.event,
    "What": lambda entry: event_label(entry.event),
    "Times": lambda entry: entry.count,
    "Who": lambda entry: entry.actor_name,
    "Target kind": lambda entry: entry.target_kind,
    "Target ID": lambda entry: entry.target_id,
    "Target": lambda entry: entry.target_name,
    "By": lambda entry: credential_text(entry) if entry.credential_kind else "",
    "Channel": lambda entry: entry.channel,
    "Address": lambda entry: entry.address,
    "User agent": lambda entry: entry.user_agent,
    "Request ID": lambda entry: entry.request_id,
    "Changes": lambda entry: text_of(entry.changes),
    "Details": lambda entry: text_of(entry.details),
    "Hash": lambda entry: hexadecimal(entry.hash),
}


def text_of(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""
