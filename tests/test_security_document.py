"""docs/security.md and the threat model in SECURITY.md name tests that exist, and one for each row."""

import re
from pathlib import Path

RUNS_ON = "sqlite"
REPOSITORY = Path(__file__).resolve().parent.parent
TEXT = (REPOSITORY / "docs" / "security.md").read_text()
MODEL = (REPOSITORY / "SECURITY.md").read_text()


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("| Who", "| Stolen", "|---"))]


def test_each_row_names_a_test_that_exists() -> None:
    assert len(rows(TEXT)) > 30
    for row in rows(TEXT) + rows(MODEL):
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        assert [path for path in named if not (REPOSITORY / path).is_file()] == []


def test_each_attack_that_is_tested_is_named() -> None:
    attacks = {f"tests/attacks/{path.name}" for path in (REPOSITORY / "tests" / "attacks").glob("test_*.py")}
    assert attacks == set(re.findall(r"`(tests/attacks/[\w/]+\.py)`", TEXT))


def test_the_threat_model_says_what_each_theft_gives() -> None:
    stolen = "\n".join(row.split("|")[1] for row in rows(MODEL))
    for thing in ("database", "backup", "`SECRET_KEY`", "session", "permanent token", "SCIM", "client secret", "password", "logs"):
        assert thing in stolen, thing
    for thing in ("broker", "gateway", "email account", "laptop"):
        assert thing in stolen, thing
    assert all(len([cell for cell in row.split("|") if cell.strip()]) == 5 for row in rows(MODEL))
