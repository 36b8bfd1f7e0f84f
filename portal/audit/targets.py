"""What entries can be about, and where its pages are. Each app registers its own in its `ready()`; this app imports none of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

Addresses = Callable[[Collection[str], Any], Mapping[str, str]]


def no_page(ids: Collection[str], reader: Any) -> Mapping[str, str]:
    return {}


class Kind(NamedTuple):
    label: str
    actions: tuple[str, ...]
    addresses: Addresses


_kinds: dict[str, Kind] = {}


def register(kind: str, label: str, actions: tuple[str, ...] = (), addresses: Addresses = no_page) -> None:
    """`kind`: as in `Entry.target_kind`. `actions`: what is done to it, as in the event `kind.action`.

    `addresses(ids, reader)`: the address of the page of each of `ids` that still exists and that `reader`, a user, may open; one query for
    all of them. Ids come from the audit trail and may be of no row."""
    _kinds[kind] = Kind(label, actions, addresses)


def label(kind: str) -> str:
    """`Bulk revocation` for a kind that is registered; else its name in the audit trail, readable."""
    return _kinds[kind].label if kind in _kinds else kind.replace("_", " ").capitalize()


def choices() -> list[tuple[str, str]]:
    return sorted(((kind, known.label) for kind, known in _kinds.items()), key=lambda each: each[1])


def events() -> list[str]:
    return [f"{kind}.{action}" for kind, known in _kinds.items() for action in known.actions]


def addresses(named: Iterable[tuple[str, str]], reader: Any) -> dict[tuple[str, str], str]:
    """The addresses of those of `named`, pairs of kind and id, that have a page that `reader` may open."""
    ids: dict[str, set[str]] = {}
    for kind, key in named:
        if kind in _kinds and key:
            ids.setdefault(kind, set()).add(key)
    return {(kind, key): address for kind, keys in ids.items() for key, address in _kinds[kind].addresses(keys, reader).items()}


def numbers(ids: Collection[str]) -> list[int]:
    """Those of `ids` that can be the number of a row."""
    return [int(each) for each in ids if each.isascii() and each.isdigit() and len(each) < 19]
