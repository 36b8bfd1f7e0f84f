"""Two administrators at the same key at the same moment."""

import pytest

from portal.core.errors import ServiceError
from settings_app import services
from settings_app.models import Config
from tests.racing import race, widen

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_add_the_same_key_one_succeeds_and_the_other_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Config.objects, "create")
    results = race(*(lambda minutes=minutes: services.add("session_minutes", minutes, None) for minutes in ("60", "90")))
    winner = next(result for result in results if isinstance(result, Config))
    loser = next(result for result in results if result is not winner)
    assert isinstance(loser, ServiceError)
    assert "has already been set" in str(loser)
    assert services.get("session_minutes") == int(winner.value)


def test_of_two_who_delete_the_same_key_one_is_told_that_it_was_gone() -> None:
    config = services.add("session_minutes", "60", None)
    assert sorted(race(*[lambda: services.delete(config, None)] * 2)) == [False, True]


def test_of_two_who_change_what_they_both_read_one_wins_and_the_other_is_shown_it(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, services.audit, "record")
    services.add("session_minutes", "60", None)
    read = services.version("session_minutes", "60")
    results = race(*(lambda minutes=minutes: services.put("session_minutes", minutes, None, [read]) for minutes in ("90", "120")))
    winner = next(result for result in results if isinstance(result, Config))
    loser = next(result for result in results if result is not winner)
    assert isinstance(loser, services.ConfigChanged)
    assert loser.value == winner.value == Config.objects.get().value


def test_of_two_who_set_a_key_that_both_saw_unset_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Config.objects, "create")
    read = services.version("session_minutes", None)
    results = race(*(lambda minutes=minutes: services.put("session_minutes", minutes, None, [read]) for minutes in ("90", "120")))
    winner = next(result for result in results if isinstance(result, Config))
    loser = next(result for result in results if result is not winner)
    assert isinstance(loser, services.ConfigChanged)
    assert loser.value == winner.value == Config.objects.get().value


def test_of_a_change_and_a_deletion_of_what_both_read_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, services.audit, "record")
    config = services.add("session_minutes", "60", None)
    read = [services.version("session_minutes", "60")]
    change, deletion = race(lambda: services.put("session_minutes", "90", None, read), lambda: services.delete(config, None, read))
    assert sorted([isinstance(change, services.ConfigChanged), isinstance(deletion, services.ConfigChanged)]) == [False, True]
    assert services.get("session_minutes") == (480 if deletion is True else 90)
