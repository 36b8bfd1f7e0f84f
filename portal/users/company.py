"""What an app that signs people in by their company adds to the pages of sign-in. It registers in its `ready()`; this app imports none."""

from collections.abc import Callable
from typing import NamedTuple


class Option(NamedTuple):
    """A button *Continue with `name`*. `url`: where its form is posted, with `next`."""

    name: str
    url: str


_listed: list[Callable[[], list[Option]]] = []


def register(listed: Callable[[], list[Option]]) -> None:
    _listed.append(listed)


def options() -> list[Option]:
    """The providers that can be used now, in the order of their configuration."""
    return [option for listed in _listed for option in listed()]
