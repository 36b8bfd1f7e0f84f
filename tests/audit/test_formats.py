"""An entry as JSON: the names that receivers rely on, and that docs/audit.md shows."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.audit.formats import as_json, as_line
from tests.audit_entries import HASH, entry, sealed
from tests.factories import UserFactory

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/audit.md"


def test_an_entry_has_the_names_that_the_document_shows() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found = as_json(sealed(7, actor=UserFactory(), changes={"role": ["user", "operator"]}, credential_kind="token", credential_id="x"))
    shown = json.loads(example)
    assert list(found) == list(shown)
    for name in ("actor", "target"):
        assert set(found[name]) == set(shown[name])
    assert found["credential"] == {"kind": "token", "id": "x"}
    assert found["changes"] == shown["changes"]
    assert (found["hash"], found["previous_hash"]) == (HASH.hex(), HASH[::-1].hex())


def test_what_there_is_not_is_null_and_instants_are_in_utc() -> None:
    found = as_json(entry(None, at=datetime(2026, 11, 28, 13, 51, 37, 5, tzinfo=UTC)))
    assert [found[name] for name in ("sequence", "actor", "credential", "hash", "previous_hash", "last_at", "address")] == [None] * 7
    assert found["at"] == "2026-11-28T13:51:37.000005Z"


def test_a_line_is_one_line_with_letters_as_they_are() -> None:
    line = as_line(entry(None, target_name="Ä\nB"))
    assert "Ä" in line
    assert "\n" not in line
