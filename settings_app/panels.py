"""What other apps add to System Settings. Each registers its panels and actions in its `ready()`; this app imports none of them."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Context = Callable[..., dict[str, Any]]


class Place(Enum):
    """Where a panel is shown: above or below the list of keys, or in the dialogs that change or delete a key."""

    ABOVE = auto()
    BELOW = auto()
    DIALOG = auto()


class Panel(NamedTuple):
    template: str
    context: Context


class Action(NamedTuple):
    """An entry of a key's row menu. `url_name`: a page that opens in a dialog."""

    label: str
    url_name: str


_panels: dict[Place, list[Panel]] = {place: [] for place in Place}
_actions: dict[str, list[Action]] = {}


def register(place: Place, template: str, context: Context) -> None:
    """`context`: returns the template's context. It is called with the keyword arguments of `render`."""
    _panels[place].append(Panel(template, context))


def register_action(key: str, label: str, url_name: str) -> None:
    _actions.setdefault(key, []).append(Action(label, url_name))


def render(place: Place, request: HttpRequest, **arguments: Any) -> list[SafeString]:
    """The panels of `place`, in the order in which they were registered. `arguments`: for DIALOG `key` (empty while it is still to be
    chosen), `submitted` (the key and value to preview without JavaScript, or None) and `deletes`."""
    return [render_to_string(panel.template, panel.context(**arguments), request) for panel in _panels[place]]


def actions_of(key: str) -> list[Action]:
    return _actions.get(key, [])
