"""After a large scan PostgreSQL knows how much there is: until then it plans as if the tables were empty, and the next statement takes
minutes where it should take a tenth of a second."""

import pytest
from django.db import connection

from tests.tokens.scans import OPS, configure, ending, scan
from tokens.expiry import scan as expiry

pytestmark = pytest.mark.django_db
UNUSUAL = 77  # days, which nothing else has taught the database


def commonest() -> str:
    """The commonest thresholds of notices, as far as PostgreSQL knows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'tokens_notice' AND attname = 'threshold'")
        return (cursor.fetchone() or [""])[0] or ""


@pytest.mark.parametrize(("many", "learnt"), [(3, True), (1000, False)])
def test_postgresql_learns_what_a_large_scan_has_written(monkeypatch: pytest.MonkeyPatch, many: int, learnt: bool) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans by the indexes alone")
    monkeypatch.setattr(expiry, "MANY", many)
    configure(str(UNUSUAL), OPS)
    for _ in range(2):
        ending(40)
    scan()
    assert (str(UNUSUAL) in commonest()) is learnt


@pytest.mark.parametrize("most", [1, 1000])
def test_a_scan_in_ranges_learns_too(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans by the indexes alone")
    monkeypatch.setattr(expiry, "MOST", most)
    configure(str(UNUSUAL), OPS)
    for _ in range(2):
        ending(40)
    scan()
    assert (str(UNUSUAL) in commonest()) is (most == 1)
