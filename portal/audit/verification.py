"""Finds what somebody has done to the audit trail past the portal: entries or heads that were changed, deleted, inserted or reordered.

The chain is verified in the pieces between its heads, each on its own, so that it takes little memory, and as much time as one gives it.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from portal.audit.chain import COLUMNS, hash_of
from portal.audit.heads import is_signed
from portal.audit.models import Entry, Head
from portal.audit.stream.models import Target

PAGE = 2000


class Problem(NamedTuple):
    """`sequence`: of the first entry that it is about, None where it is about heads."""

    sequence: int | None
    text: str


class End(NamedTuple):
    """Where a piece of the chain begins: after this entry, which has this hash."""

    sequence: int
    hash: bytes


def verify(since: date | None = None) -> Iterator[Problem]:
    """All problems: first those of heads, then those of entries in their order. `since`: entries of earlier days are not read."""
    heads = list(Head.objects.order_by("number"))
    yield from problems_beside_entries(heads)
    for before, head in pieces(heads, since):
        yield from verify_piece(before, head)


def problems_beside_entries(heads: list[Head]) -> Iterator[Problem]:
    """Those that are found without reading the chain. `heads`: all of them, by their numbers."""
    if heads:
        yield from problems_of_heads(heads)
        yield from problems_after(heads[-1])
        yield from problems_of_receivers(heads[-1])
    elif Entry.objects.exclude(sequence=None).exists():
        yield Problem(None, "There are sealed entries, but no heads.")


def verify_piece(before: Head, head: Head) -> Iterator[Problem]:
    """Problems of the entries after `before`, up to `head`; none if they are pruned meanwhile."""
    for problem in problems_between(before, head):
        if not Head.objects.filter(pk=before.pk).exists():
            return
        yield problem


def pieces(heads: list[Head], since: date | None = None) -> list[tuple[Head, Head]]:
    """Two heads that follow each other: the entries after the first one, up to the second, are a piece of the chain."""
    return [pair for pair in pairwise(heads) if since is None or pair[1].day >= since]


def problems_of_heads(heads: list[Head]) -> Iterator[Problem]:
    """`heads`: all of them, by their numbers."""
    if not heads[0].is_start or any(head.is_start for head in heads[1:]):
        yield Problem(None, "The chain does not begin where it was pruned: the first head is missing, or there is another one.")
    if heads[-1].closed_at is not None or any(head.closed_at is None for head in heads[:-1]):
        yield Problem(None, "The last head is missing.")
    for before, head in pieces(heads):
        if head.number != before.number + 1:
            yield Problem(None, f"Heads between those of {before.day} and {head.day} are missing.")
        if head.sequence < before.sequence or head.day <= before.day:
            yield Problem(None, f"The head of {head.day} is not after that of {before.day}.")
    yield from problems_of_signatures(heads)


def problems_of_signatures(heads: list[Head]) -> Iterator[Problem]:
    """A head whose key is not known any more is covered by a later one. So only the last such head, if none comes after it, is a problem,
    and the first, which nothing comes before."""
    for head in heads:
        signed = is_signed(head)
        if signed is False:
            yield Problem(None, f"The head of {head.day} has a wrong signature.")
        elif signed is None and head in (heads[0], heads[-1]):
            yield Problem(None, f"The head of {head.day} was signed with a key that is in neither SECRET_KEY nor SECRET_KEY_FALLBACKS.")


def problems_between(before: Head, head: Head) -> Iterator[Problem]:
    """Reads the entries after `before`, up to `head`."""
    end = End(before.sequence, bytes(before.hash))
    for values, previous, stored in entries(before.sequence, head.sequence):
        sequence, pk = values[1], values[0]
        if sequence != end.sequence + 1:
            yield missing(end.sequence + 1, sequence - 1)
        elif previous != end.hash:
            yield Problem(sequence, f"Entry {sequence} (id {pk}) does not follow the one before it: one of them was replaced or moved.")
        if hash_of(previous, values) != stored:
            yield Problem(sequence, f"Entry {sequence} (id {pk}, {values[3]}) was changed.")
        end = End(sequence, stored)
    if end.sequence < head.sequence:
        yield missing(end.sequence + 1, head.sequence)
    elif end.hash != bytes(head.hash):
        yield Problem(end.sequence, f"Entry {end.sequence} has another hash than the head of {head.day}: entries were replaced.")


def missing(first: int, last: int) -> Problem:
    return Problem(first, f"Entry {first} is missing." if first == last else f"Entries {first} to {last} are missing.")


def problems_after(head: Head) -> Iterator[Problem]:
    """`head`: the last one, as it was when this began. What has been sealed since is right."""
    beyond = Entry.objects.filter(sequence__gt=head.sequence).order_by("sequence").values_list("sequence", "pk").first()
    if beyond and not Head.objects.filter(sequence__gte=beyond[0]).exists():
        yield Problem(beyond[0], f"Entry {beyond[0]} (id {beyond[1]}) comes after the last head: it was inserted.")


def problems_of_receivers(head: Head) -> Iterator[Problem]:
    """A receiver (portal/audit/stream) has what the chain has lost: with an earlier signature of the same head, its end looks whole."""
    ahead = Target.objects.filter(delivered__gt=head.sequence).order_by("delivered").last()
    if ahead and not Head.objects.filter(sequence__gte=ahead.delivered).exists():
        yield Problem(
            None, f"{ahead.name} has accepted entry {ahead.delivered}, and the chain ends at {head.sequence}: its end was deleted."
        )


def entries(after: int, up_to: int) -> Iterator[tuple[tuple[Any, ...], bytes, bytes]]:
    """The values of each entry in the order of COLUMNS, the hash before it and its own; a page at a time."""
    found = Entry.objects.order_by("sequence").values_list(*COLUMNS, "previous_hash", "hash")
    while rows := list(found.filter(sequence__gt=after, sequence__lte=up_to)[:PAGE]):
        for row in rows:
            yield row[:-2], bytes(row[-2]), bytes(row[-1])
        after = rows[-1][1]


def compare(sequence: int, expected: bytes) -> str:
    """Whether the chain has the hash that a head in the log says; "" if so or if that part of it was pruned, or what is wrong."""
    if Head.objects.filter(is_start=True, sequence__gt=sequence).exists():
        return ""
    known = Head.objects.filter(sequence=sequence).values_list("hash", flat=True).first()
    if known is None:
        known = Entry.objects.filter(sequence=sequence).values_list("hash", flat=True).first()
    if known is None:
        return f"There is no entry {sequence}, which the log has a head of: it was deleted."
    return "" if bytes(known) == expected else f"Entry {sequence} has another hash than the head in the log: entries were replaced."
