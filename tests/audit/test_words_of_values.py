"""How a changed value reads in a line."""

import pytest

from portal.audit.history import described

RUNS_ON = "sqlite"


@pytest.mark.parametrize(
    ("field", "values", "line"),
    [
        ("revoked_at", ["", "2026-11-28T15:12:53.479261+00:00"], "Revoked at: 2026-11-28 15:12:53 UTC"),
        ("expires_at", ["2026-11-28T23:00:00+00:00", "2027-01-01T23:00:00+00:00"], None),
        ("name", ["2026-11-28T15:12", "2026-11-28T15:12:53+00:00 backup"], "Name: 2026-11-28T15:12 → 2026-11-28T15:12:53+00:00 backup"),
    ],
)
def test_an_instant_is_shown_as_people_write_it(field: str, values: list[str], line: str | None) -> None:
    assert described(field, values, {}) == (line or "Expires at: 2026-11-28 23:00:00 UTC → 2027-01-01 23:00:00 UTC")
