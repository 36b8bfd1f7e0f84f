"""What the documents say about files, commands and settings is so."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from portal.oauth import forms, front
from settings_app.registry import KEYS
from tokens.verification import batches, lookup

RUNS_ON = "sqlite"
REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]


def text(name: str) -> str:
    return (REPOSITORY / name).read_text()


def table() -> dict[str, str]:
    """Variable -> default, of the table in docs/configuration.md."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \|.*\| (.*) \|$", text("docs/configuration.md"), re.MULTILINE))


def example() -> dict[str, str]:
    """Variable -> the default that the comment above it in .env.example states, or nothing."""
    found, default = {}, ""
    for line in text(".env.example").splitlines():
        if stated := re.search(r"Default: (.*)$", line):
            default = stated[1]
        elif variable := re.match(r"([A-Z_]+)=", line):
            found[variable[1]], default = default, ""
    return found


def test_the_configuration_table_has_every_variable_of_the_example_file_in_its_order() -> None:
    assert list(table()) == list(example())


def test_the_configuration_table_states_the_defaults_of_the_example_file() -> None:
    stated = {name: default for name, default in example().items() if default}
    assert len(stated) > 10
    assert {name: table()[name].replace("`", "") for name in stated} == stated


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", text(document)) if "://" not in link]
    assert [link for link in links if not ((REPOSITORY / document).parent / link).exists()] == []


def test_the_architecture_page_states_the_figures_of_the_code() -> None:
    page = text("docs/architecture.md")
    for stated in (
        f"longer than {batches.LATE_SECONDS * 1000:.0f} ms",
        f"After {lookup.MOST_SECONDS} s its requests get 503",
        f"tries again every {batches.PAUSE_SECONDS} s",
        f"up to {batches.MOST_CONNECTIONS} connections",
        f"{forms.MOST_BYTES // 1024} KB at most within {front.FORM_SECONDS:.0f} s",
    ):
        assert stated in page
    for file in re.findall(r"`((?:portal|tokens|tests)/[\w/.]+)`", page):
        assert (REPOSITORY / file).exists(), file


def test_every_command_that_the_documents_name_exists() -> None:
    everything = "".join(map(text, DOCUMENTS))
    targets = set(re.findall(r"(?:`|^    |\d )make ([a-z-]+)", everything, re.MULTILINE))
    assert {"run", "test", "demo"} <= targets <= set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    commands = set(re.findall(r"manage\.py ([a-z_]+)", everything))
    assert {"issue_token", "seed_demo"} <= commands <= set(get_commands())


def test_the_key_names_in_the_tour_are_those_of_config() -> None:
    named = set(re.findall(r"the Key \*\*(.+?)\*\*", text("README.md")))
    assert len(named) == 2
    assert named <= {key.label for key in KEYS.values()}


def test_the_configuration_page_names_every_key_of_config() -> None:
    page = text("docs/configuration.md")
    assert [key.label for key in KEYS.values() if key.label.removeprefix("Notify users ") not in page] == []
