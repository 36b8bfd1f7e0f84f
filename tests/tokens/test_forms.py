"""The form of a new token shows its limits."""

from datetime import date

import pytest

from tokens.forms import DatedTokenForm

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("longest", "presets"), [(365, ["30 days", "60 days", "90 days", "1 year"]), (60, ["30 days", "60 days"]), (7, [])]
)
def test_presets_are_within_the_longest_lifetime(longest: int, presets: list[str]) -> None:
    html = str(DatedTokenForm(None, TODAY, longest)["expires"])
    assert [label for label in ("30 days", "60 days", "90 days", "1 year") if f">{label}</button>" in html] == presets
    assert f'data-today="2026-11-28" data-longest="{longest}"' in html


def test_the_help_names_the_last_day() -> None:
    assert "on or before 2027-11-28" in DatedTokenForm(None, TODAY, 365)["expires"].help_text
