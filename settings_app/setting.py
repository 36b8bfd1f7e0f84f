"""One key as the page *All settings* shows it: its value or default, what that means now, and what came of saving another."""

from dataclasses import dataclass, field
from typing import Any

from settings_app import panels, registry, sections, services
from settings_app.models import Config
from settings_app.registry import KEYS, Key


@dataclass
class Setting:
    """`stored`: the key's value, None while its default applies. The rest is about a form that was submitted but not saved: `typed` and
    its `errors`, by part of the value; `notice`: why the form is to be submitted again, and `confirmed`: the value that then is."""

    key: Key
    stored: str | None
    typed: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    confirmed: str = ""
    preview: str = ""

    @property
    def text(self) -> str:
        """What the field shows."""
        if self.typed is not None:
            return self.typed
        return self.default if self.stored is None else self.stored

    @property
    def default(self) -> str:
        return self.key.format(self.key.default)

    @property
    def default_shown(self) -> str:
        """The default in the words of the screen."""
        if self.is_flag:
            return "on" if self.key.default else "off"
        if self.key.choices:
            return str(self.key.default)
        return f"{self.key.default:,} {self.unit}" if self.unit else "none"

    @property
    def is_flag(self) -> bool:
        return self.key.type == registry.FLAGS

    @property
    def is_on(self) -> bool:
        return self.text.strip().lower() == "true"

    @property
    def help(self) -> str:
        """The key's help, in the words of a switch for a flag."""
        return self.key.help.replace("true: ", "On: ").replace("false: ", "Off: ") if self.is_flag else self.key.help

    @property
    def unit(self) -> str:
        return sections.UNITS.get(self.key.name, "")

    @property
    def version(self) -> str:
        return services.version(self.key.name, self.stored)

    @property
    def effect(self) -> str:
        value = self.key.default if self.stored is None else self.key.parse(self.stored)
        return sections.effect(self.key.name, value)

    @property
    def actions(self) -> list[panels.Action]:
        return panels.actions_of(self.key.name)


def stored_values() -> dict[str, str]:
    return dict(Config.objects.filter(key__in=KEYS).values_list("key", "value"))


def one(key: str, **submitted: Any) -> Setting:
    return Setting(KEYS[key], stored_values().get(key), **submitted)


def by_section(submitted: Setting | None = None) -> list[tuple[sections.Section, list[Setting]]]:
    """All keys as they are now. `submitted` stands for its key."""
    stored = stored_values()
    given = {submitted.key.name: submitted} if submitted else {}
    return [(section, [given.get(name) or Setting(KEYS[name], stored.get(name)) for name in section.keys]) for section in sections.SECTIONS]
