"""What tests of the scan share."""

import pytest

from tokens.expiry import scan as expiry
from tokens.expiry.find import Found, find
from tokens.expiry.queries import Look


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each look was at: "changes" or "everything"."""
    seen: list[str] = []

    def note(look: Look) -> Found:
        seen.append("changes" if look.since else "everything")
        return find(look)

    monkeypatch.setattr(expiry, "find", note)
    return seen
