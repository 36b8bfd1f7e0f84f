"""Two administrators at the same key at the same moment."""

import pytest

from settings_app import services
from settings_app.models import Config
from tests.racing import race, widen

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_add_the_same_key_one_succeeds_and_the_other_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Config.objects, "create")
    results = race(*(lambda minutes=minutes: services.add("session_minutes", minutes, None) for minutes in ("60", "90")))
    winner = next(result for result in results if isinstance(result, Config))
    loser = next(result for result in results if result is not winner)
    assert isinstance(loser, services.ConfigError)
    assert "is set already" in str(loser)
    assert services.get("session_minutes") == int(winner.value)


def test_of_two_who_delete_the_same_key_one_is_told_that_it_was_gone() -> None:
    config = services.add("session_minutes", "60", None)
    assert sorted(race(*[lambda: services.delete(config, None)] * 2)) == [False, True]
