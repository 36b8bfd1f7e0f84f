"""docs/security.md names tests that exist, and one for each row."""

import re
from pathlib import Path

RUNS_ON = "sqlite"
REPOSITORY = Path(__file__).resolve().parent.parent
TEXT = (REPOSITORY / "docs" / "security.md").read_text()
ROWS = [line for line in TEXT.splitlines() if line.startswith("|") and not line.startswith(("| Who", "|---"))]


def test_each_row_names_a_test_that_exists() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        assert [path for path in named if not (REPOSITORY / path).is_file()] == []


def test_each_attack_that_is_tested_is_named() -> None:
    attacks = {f"tests/attacks/{path.name}" for path in (REPOSITORY / "tests" / "attacks").glob("test_*.py")}
    assert attacks == set(re.findall(r"`(tests/attacks/[\w/]+\.py)`", TEXT))
