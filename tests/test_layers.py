"""Apps refer only to apps below them. import-linter checks the imports; here is what imports do not show."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
LEVELS = {package.strip(" ()"): level for level, line in enumerate(reversed(CONTRACT["layers"])) for package in line.split("|")}
# What an app is called in tables, in the names of URLs and as a folder of templates, and the package that it is.
LABELS = {
    "users": "portal.users",
    "directory": "portal.directory",
    "sso": "portal.sso",
    "account": "portal.users",
    "user_sessions": "portal.sessions",
    "sessions": "portal.sessions",
    "faults": "portal.faults",
    "notifications": "portal.notifications",
    "audit": "portal.audit",
    "settings": "settings_app",
    "settings_app": "settings_app",
    "second_factor": "portal.second_factor",
    "mfa": "portal.second_factor",
    "tokens": "tokens",
    "home": "portal.pages",
    "profile": "portal.pages",
    "end_access": "portal.pages",
    "api": "portal.api",
    "scim": "portal.scim",
}
ADMIN_URL = re.compile(r"""["']admin:([a-z]+)_""")
IN_TEMPLATE = re.compile(r"""{%\s*(?:include|extends)\s+["'](?:([a-z_]+)/)""")


def package_of(path: Path) -> str | None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return next((name for name in sorted(LEVELS, key=len, reverse=True) if module == name or module.startswith(f"{name}.")), None)


def sources() -> Iterator[tuple[str, Path]]:
    for folder in ("portal", "tokens", "settings_app"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            package = package_of(path)
            if package and "migrations" not in path.parts:
                yield package, path


def points_up(package: str, label: str) -> bool:
    """May code of `package` not name the app that is called `label`?"""
    target = LABELS.get(label)
    return target is not None and target != package and LEVELS[target] >= LEVELS[package]


def upward(package: str, found: list[str]) -> list[str]:
    return [label for label in found if points_up(package, label)]


def test_sql_names_tables_of_apps_below_only() -> None:
    statements = re.compile(
        r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ANALYZE)\s+(users|directory|faults|notifications|audit|settings_app|tokens)_[a-z]+"
    )
    seen = {path.name: statements.findall(path.read_text()) for _, path in sources()}
    assert any(seen.values()), "no SQL was found at all"
    assert [(str(path), up) for package, path in sources() if (up := upward(package, statements.findall(path.read_text())))] == []


def test_urls_are_reversed_in_apps_below_only() -> None:
    named = re.compile(r"""(?:reverse|reverse_lazy|redirect|post_only|\bto)\(\s*["'](users|directory|faults|settings|tokens|api):""")
    wrong = [(str(path), up) for package, path in sources() if (up := upward(package, named.findall(path.read_text())))]
    assert wrong == []


def test_admin_pages_that_are_linked_belong_to_apps_below() -> None:
    wrong = [(str(path), up) for package, path in sources() if (up := upward(package, ADMIN_URL.findall(path.read_text())))]
    assert wrong == []


def templates() -> Iterator[tuple[str, Path]]:
    """Templates with the package whose folder they are in. Those of no app are the frame, which no app's template is part of."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        folder = path.relative_to(ROOT / "templates").parts[0]
        yield LABELS.get(folder, "portal.core"), path


def test_templates_include_those_of_apps_below_only() -> None:
    wrong = [(str(path), up) for package, path in templates() if (up := upward(package, IN_TEMPLATE.findall(path.read_text())))]
    assert wrong == []


def test_no_app_has_template_tags() -> None:
    """A template tag is an import that no linter sees. An app that has something to show registers it (settings_app/panels.py)."""
    assert [str(path) for _, path in sources() if "templatetags" in path.parts] == []


def test_signal_receivers_listen_to_apps_below_only() -> None:
    """A receiver needs the signal, and so imports it: what is connected by a dotted name would escape import-linter."""
    assert [str(path) for _, path in sources() if re.search(r"import_string\(|sender=[\"']", path.read_text())] == []


@pytest.mark.parametrize(
    ("package", "label"),
    [("portal.users", "tokens"), ("settings_app", "tokens"), ("portal.faults", "users"), ("portal.core", "faults"), ("tokens", "api")],
)
def test_a_reference_that_points_up_would_be_found(package: str, label: str) -> None:
    assert points_up(package, label)
    assert not points_up("portal.pages", "tokens")


def test_the_contract_exempts_nothing() -> None:
    assert not CONTRACT.get("ignore_imports")
