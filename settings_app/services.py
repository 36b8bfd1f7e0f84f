"""Reading and writing configuration. Nothing is cached, so that a change takes effect at once in every process."""

from typing import Any

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core import versions
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from settings_app import rules
from settings_app.models import Config
from settings_app.registry import KEYS

# Sent in the transaction of a change, with `key` and `actor`. Apps above act on it: a scan starts, for example.
changed = Signal()


class ConfigChanged(ServiceError):
    """Somebody has changed the key since it was read. `value`: what it has now, None if it is not set."""

    def __init__(self, key: str, value: str | None) -> None:
        now = f"is now set to {value}" if value is not None else "is no longer set: its default applies"
        super().__init__(f"{KEYS[key].label} {now}.", "value", Code.PRECONDITION_FAILED)
        self.key, self.value = key, value


def version(key: str, value: str | None) -> str:
    """The version of a key with this value; None: while it is not set."""
    return versions.version(key=key, value=value)


def get(key: str) -> Any:
    """The typed value of `key`, or its default."""
    return get_many(key)[key]


def get_many(*keys: str) -> dict[str, Any]:
    """The typed values of several keys, in one query."""
    stored = dict(Config.objects.filter(key__in=keys).values_list("key", "value"))
    return {key: KEYS[key].parse(stored[key]) if key in stored else KEYS[key].default for key in keys}


def normalised(key: str, text: str) -> str:
    """`text` as it is stored ("30; 7 ;1" -> "30;7;1"). Raises ServiceError."""
    if key not in KEYS:
        raise ServiceError("Choose one of the keys.", "key")
    if not text.strip():
        raise ServiceError("Enter a value.", "value")
    try:
        return KEYS[key].format(KEYS[key].parse(text))
    except ValueError as error:
        raise ServiceError(str(error), "value") from None


def check(key: str, value: str) -> None:
    """Raises ServiceError if the other apps' rules reject it now. Whatever writes checks them again."""
    with transaction.atomic():
        rules.check(key, KEYS[key].parse(value))


def typed(key: str, text: str | None) -> Any:
    """The value that `text` would give `key`; None: its default. Raises ServiceError."""
    if text is None:
        return KEYS[key].default
    value = normalised(key, text)
    return KEYS[key].parse(value)


def add(key: str, text: str, actor: Actor | None) -> Config:
    """Sets a key that is not set yet. Raises ServiceError."""
    try:
        return insert(key, normalised(key, text), actor)
    except IntegrityError:
        message = f"{KEYS[key].label} has already been set. Use Update in its row's menu."
        raise ServiceError(message, "key", Code.CONFLICT) from None


def insert(key: str, value: str, actor: Actor | None) -> Config:
    """Raises IntegrityError if the key is set."""
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        rules.check(key, KEYS[key].parse(value))
        config = Config.objects.create(key=key, value=value)
        audit.record(actor, config, audit.CREATE, value=("", value))
        changed.send(sender=Config, key=key, actor=actor)
    return config


def put(key: str, text: str, actor: Actor | None, read: versions.Versions = None) -> Config:
    """Gives a key a value, whether it is set or not. `read`: the versions of it that the actor knows; with another one ConfigChanged is
    raised, unless the key has that very value already."""
    value = normalised(key, text)
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        stored = current(key)
        if stored is not None and stored.value == value:
            return stored
        require(key, stored, read)
        if stored is not None:
            write(stored, value, actor)
            return stored
    try:
        return insert(key, value, actor)
    except IntegrityError:  # somebody else has set it a moment ago
        return put(key, text, actor, read)


def update(config: Config, text: str, actor: Actor | None) -> None:
    """Gives a key that is set another value."""
    value = normalised(config.key, text)
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        stored = current(config.key)
        if stored is None:
            raise ServiceError("Somebody has deleted this key in the meantime.", "value")
        write(stored, value, actor)
    config.value = value


def current(key: str) -> Config | None:
    """The key's row, locked until the transaction ends."""
    return Config.objects.select_for_update().filter(key=key).first()


def require(key: str, stored: Config | None, read: versions.Versions) -> None:
    value = stored.value if stored else None
    if not versions.accepts(read, version(key, value)):
        raise ConfigChanged(key, value)


def write(stored: Config, value: str, actor: Actor | None) -> None:
    """For a row that is locked. One that has the value already stays as it is: nobody changed it."""
    if stored.value == value:
        return
    rules.check(stored.key, KEYS[stored.key].parse(value))
    Config.objects.filter(pk=stored.pk).update(value=value, updated_at=timezone.now())
    audit.record(actor, stored, audit.UPDATE, value=(stored.value, value))
    stored.value = value
    changed.send(sender=Config, key=stored.key, actor=actor)


def delete(config: Config, actor: Actor | None, read: versions.Versions = None) -> bool:
    """Puts a key back to its default. False when somebody did so before. Raises ConfigChanged."""
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR)
        stored = current(config.key)
        if stored is None:
            return False
        require(config.key, stored, read)
        rules.check(config.key, KEYS[config.key].default)
        audit.record(actor, stored, audit.DELETE, value=(stored.value, ""))
        stored.delete()
        changed.send(sender=Config, key=config.key, actor=actor)
    return True
