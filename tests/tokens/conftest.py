"""What tests of the scan share."""

import pytest

from tokens import expiry
from tokens.scan.find import Found, find
from tokens.scan.look import Look


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each look was at: "changes" or "everything"."""
    seen: list[str] = []

    def note(look: Look) -> Found:
        seen.append("changes" if look.since else "everything")
        return find(look)

    monkeypatch.setattr(expiry, "find", note)
    return seen
