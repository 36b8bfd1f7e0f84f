"""Reading and writing configuration. Nothing is cached, so that a change takes effect at once in every process."""

from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from portal import access, audit
from portal.actors import Actor
from settings_app.models import Config
from settings_app.registry import KEYS

# Sent in the transaction of a change, with `key` and `actor`. Rooms above this one act on it (a scan, for one).
changed = Signal()


class ConfigError(Exception):
    """A value or key that cannot be; the message is for the reader, `field` is the form's field it stands beside."""

    def __init__(self, message: str, field: str = "value") -> None:
        super().__init__(message)
        self.field = field


class AlreadySet(ConfigError):
    pass


def get(key: str) -> Any:
    """The typed value of `key`, or its default."""
    return get_many(key)[key]


def get_many(*keys: str) -> dict[str, Any]:
    """The typed values of several keys, in one query."""
    stored = dict(Config.objects.filter(key__in=keys).values_list("key", "value"))
    return {key: KEYS[key].parse(stored[key]) if key in stored else KEYS[key].default for key in keys}


def normalised(key: str, text: str) -> str:
    """`text` as it is stored ("30; 7 ;1" -> "30;7;1"). Raises ConfigError."""
    if key not in KEYS:
        raise ConfigError("Choose one of the keys.", "key")
    if not text.strip():
        raise ConfigError("Enter a value.")
    try:
        return KEYS[key].format(KEYS[key].parse(text))
    except ValueError as error:
        raise ConfigError(str(error)) from None


def typed(key: str, text: str | None) -> Any:
    """The value that `text` would give `key`; None: its default. Raises ConfigError."""
    if text is None:
        return KEYS[key].default
    value = normalised(key, text)
    return KEYS[key].parse(value)


def add(key: str, text: str, actor: Actor | None) -> Config:
    """Sets a key that is not set yet."""
    value = normalised(key, text)
    try:
        with transaction.atomic():
            access.lock(actor, access.ADMINISTRATOR)
            config = Config.objects.create(key=key, value=value)
            audit.record(actor, config, audit.CREATE, value=("", value))
            changed.send(sender=Config, key=key, actor=actor)
    except IntegrityError:
        raise AlreadySet(f"{KEYS[key].label} is set already. Use Update in its row's menu.", "key") from None
    return config


def put(key: str, text: str, actor: Actor | None) -> Config:
    """Gives a key a value, whether it is set or not."""
    if not Config.objects.filter(key=key).exists():
        with suppress(AlreadySet):  # by somebody else, a moment ago
            return add(key, text, actor)
    config = Config.objects.filter(key=key).first()
    if config is None:
        return add(key, text, actor)
    update(config, text, actor)
    return config


def update(config: Config, text: str, actor: Actor | None) -> None:
    """Gives a key that is set another value."""
    value = normalised(config.key, text)
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        if not Config.objects.filter(pk=config.pk).update(value=value, updated_at=timezone.now()):
            raise ConfigError("Somebody has deleted this key in the meantime.")
        audit.record(actor, config, audit.UPDATE, value=(config.value, value))
        changed.send(sender=Config, key=config.key, actor=actor)
    config.value = value


def delete(config: Config, actor: Actor | None) -> bool:
    """Puts a key back to its default. False when somebody did so before."""
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        audit.record(actor, config, audit.DELETE, value=(config.value, ""))
        if not Config.objects.filter(pk=config.pk).delete()[0]:
            transaction.set_rollback(True)
            return False
        changed.send(sender=Config, key=config.key, actor=actor)
    return True
