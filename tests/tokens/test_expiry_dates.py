"""When a permanent token ends: the Expiry Date asked for, the longest lifetime, and the days that cannot be."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import Settings

import settings_app.services as config
from portal.core.errors import ServiceError
from tests.checks import verification_result
from tests.clock import DAY, NOW, TODAY
from tests.factories import issue
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_utc")]


def test_without_an_expiry_date_a_token_ends_after_one_year() -> None:
    assert issue(now=NOW)[0].expires_at == NOW + 365 * DAY


def test_with_an_expiry_date_a_token_works_through_the_whole_of_that_day() -> None:
    token, text = issue(now=NOW, expires=date(2026, 12, 6))
    last = datetime(2026, 12, 6, 23, 59, 59, 999999, tzinfo=UTC)
    assert token.last_moment == last
    assert verification_result(text, last) == token
    assert verification_result(text, last + timedelta(microseconds=1)) is RejectionReason.EXPIRED


def test_the_day_is_one_of_the_portals_zone(settings: Settings) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    token, _ = issue(now=NOW, expires=date(2026, 12, 6))
    token.refresh_from_db()
    assert token.expires_at == datetime(2026, 12, 7, 3, tzinfo=UTC)


def test_which_day_is_today_is_decided_in_the_portals_zone_too(settings: Settings) -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert issue(now=late, expires=date(2026, 11, 22))
    settings.TIME_ZONE = "Europe/Berlin"
    with pytest.raises(ServiceError, match="later than today \\(2026-11-22\\)"):
        issue(now=late, expires=date(2026, 11, 22))


@pytest.mark.parametrize("day", [TODAY, TODAY - DAY, date(1970, 1, 1), date.min])
def test_today_and_every_day_before_it_is_refused(day: date) -> None:
    with pytest.raises(ServiceError, match=r"^Expiry date must be later than today \(2026-11-21\).$") as error:
        issue(now=NOW, expires=day)
    assert error.value.field == "expires"
    assert not Token.objects.exists()


def test_tomorrow_and_the_same_day_next_year_are_the_first_and_the_last_possible() -> None:
    assert issue(now=NOW, expires=TODAY + DAY)[0].expires_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert issue(now=NOW, expires=date(2027, 11, 21))[0].expires_at == datetime(2027, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2027, 11, 22), date(2126, 1, 1), date.max])
def test_a_day_more_than_a_year_ahead_is_refused(day: date) -> None:
    with pytest.raises(ServiceError, match=r"^Expiry date must be on or before 2027-11-21 \(365 days from today\).$") as error:
        issue(now=NOW, expires=day)
    assert error.value.field == "expires"


def test_a_leap_day_can_be_the_last_day() -> None:
    token, _ = issue(now=datetime(2027, 6, 1, tzinfo=UTC), expires=date(2028, 2, 29))
    assert token.expires_at == datetime(2028, 3, 1, tzinfo=UTC)


def test_the_longest_lifetime_of_config_holds_for_both_ways() -> None:
    config.add("token_lifetime_days", "30", None)
    assert issue(now=NOW)[0].expires_at == NOW + 30 * DAY
    assert issue(now=NOW, expires=TODAY + 30 * DAY)
    with pytest.raises(ServiceError, match=r"on or before 2026-12-21 \(30 days from today\)"):
        issue(now=NOW, expires=TODAY + 31 * DAY)


def test_a_shorter_lifetime_leaves_the_tokens_that_are_there_as_they_are() -> None:
    token, text = issue(now=NOW)
    config.add("token_lifetime_days", "1", None)
    assert verification_result(text, NOW + 300 * DAY) == token
