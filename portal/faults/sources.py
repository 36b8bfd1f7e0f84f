"""What the apps that raise faults add to a fault's page. Each registers in its `ready()`; this app imports none of them."""

from collections.abc import Callable

from portal.notifications.lines import Line

_notifications: dict[str, Callable[[str], list[Line]]] = {}


def register(source: str, notifications: Callable[[str], list[Line]]) -> None:
    """`notifications`: by a fault's key, the newest notifications about the same thing."""
    _notifications[source] = notifications


def notifications(source: str, key: str) -> list[Line]:
    """The newest notifications about what a fault of `source` with this `key` is about."""
    return _notifications[source](key) if source in _notifications else []
