"""Rules about values that only other apps can check. Each registers in its `ready()`; this app imports none of them."""

from collections.abc import Callable
from typing import Any

_rules: dict[str, list[Callable[[Any], None]]] = {}


def register(key: str, rule: Callable[[Any], None]) -> None:
    """`rule`: takes the typed value that `key` is about to have (its default where the key is deleted), and raises ServiceError for one
    that the portal cannot work with. Called inside the transaction that writes."""
    _rules.setdefault(key, []).append(rule)


def check(key: str, value: Any) -> None:
    """Raises ServiceError."""
    for rule in _rules.get(key, []):
        rule(value)
