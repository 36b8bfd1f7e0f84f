"""What an app that signs people in by their company adds to the pages of sign-in. It registers in its `ready()`; this app imports none."""

from collections.abc import Callable
from typing import NamedTuple

from portal.users.models import User


class Option(NamedTuple):
    """A button *Continue with `name`*. `url`: where its form is posted, with `next`."""

    name: str
    url: str


_listed: list[Callable[[User | None], list[Option]]] = []


def register(listed: Callable[[User | None], list[Option]]) -> None:
    _listed.append(listed)


def options(user: User | None = None) -> list[Option]:
    """The providers that can be used now, in the order of their configuration. `user`: only those that this user has connected."""
    return [option for listed in _listed for option in listed(user)]
