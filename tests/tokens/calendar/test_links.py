"""The calendar's link: whom it opens the calendar for, and until when."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from pytest_django import Settings

from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.users import passwords
from portal.users import services as users
from portal.users.models import User
from tests.clock import NOW
from tests.factories import AdministratorFactory, UserFactory
from tests.tokens.calendar.reading import text_of
from tokens import token_format
from tokens.calendar import links as calendar
from tokens.models import CalendarLink

pytestmark = pytest.mark.django_db
NEW_KEY = "a new key of the portal, of some length too"


def test_a_link_opens_its_owners_calendar_and_is_the_same_each_time_it_is_shown(user: User) -> None:
    text = text_of(user)
    assert len(text) == 32
    assert text.isascii()
    assert text.isalnum()
    assert calendar.find(text) == user
    assert text_of(user) == text
    assert calendar.address(calendar.current(user)).endswith(f"/calendar/{text}.ics")


@pytest.mark.parametrize("change", [lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), str.swapcase, lambda _: "0" * 32])
def test_another_secret_opens_nothing(change: Callable[[str], str], user: User) -> None:
    assert calendar.find(change(text_of(user))) is None


def test_each_user_has_a_link_of_their_own() -> None:
    people = UserFactory.create_batch(3)
    texts = [text_of(person) for person in people]
    assert len(set(texts)) == 3
    assert [calendar.find(text) for text in texts] == people


def test_a_renewed_link_opens_it_and_the_old_one_does_not(user: User) -> None:
    old = text_of(user)
    new = calendar.reveal(calendar.renew(Actor(user), NOW))
    assert new != old
    assert calendar.find(old) is None
    assert calendar.find(new) == user
    assert CalendarLink.objects.count() == 1


def test_a_link_that_was_switched_off_never_comes_back(user: User) -> None:
    old = text_of(user)
    assert calendar.switch_off(Actor(user))
    assert calendar.find(old) is None
    assert calendar.current(user) is None
    assert not calendar.switch_off(Actor(user))
    assert text_of(user) != old
    assert calendar.find(old) is None


def test_what_is_off_cannot_be_renewed(user: User) -> None:
    assert calendar.renew(Actor(user), NOW) is None
    assert not CalendarLink.objects.exists()


@pytest.mark.parametrize("end", [users.deactivate, users.delete])
def test_a_deactivated_or_deleted_users_link_is_dead_and_stays_so_when_the_user_is_back(end: Any, user: User) -> None:
    actor, text = AdministratorFactory(), text_of(user)
    end(user, Actor(actor))
    assert calendar.find(text) is None
    if end is users.deactivate:
        users.activate(User.objects.get(pk=user.pk), Actor(actor))
    else:
        User.objects.filter(pk=user.pk).update(deleted_at=None, is_active=True)
    assert calendar.find(text) is None
    assert calendar.current(user) is None
    assert calendar.find(text_of(user)) == user


def test_a_user_who_is_inactive_by_whatever_way_has_no_calendar(user: User) -> None:
    text = text_of(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert calendar.find(text) is None


def test_a_new_secret_key_with_the_old_one_as_fallback_keeps_the_link(user: User, settings: Settings) -> None:
    text = text_of(user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW_KEY
    assert calendar.find(text) == user
    assert text_of(user) == text


def rotate(settings: Settings) -> None:
    """A new key, with the present one as its fallback."""
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW_KEY


@pytest.mark.parametrize("keep_up", [calendar.find, lambda text: calendar.keep_all_up()])
def test_a_link_that_was_read_or_kept_up_during_the_rotation_outlives_the_old_key(keep_up: Any, user: User, settings: Settings) -> None:
    text = text_of(user)
    rotate(settings)
    keep_up(text)
    settings.SECRET_KEY_FALLBACKS = []
    assert calendar.find(text) == user
    assert calendar.address(calendar.current(user)) is None  # which a page says: it cannot be derived any more
    users.deactivate(user, Actor(AdministratorFactory()))
    assert calendar.find(text) is None


def test_keeping_up_brings_no_ended_link_back(user: User, settings: Settings) -> None:
    text = text_of(user)
    row = CalendarLink.objects.get()
    passwords.set_password(user, "another-password-of-alice", Actor(user), NOW)
    row.save(force_insert=True)  # as if it had been left behind
    rotate(settings)
    calendar.keep_all_up()
    assert calendar.find(text) is None


def test_a_new_password_ends_the_link_and_the_audit_trail_says_so(user: User) -> None:
    text = text_of(user)
    passwords.set_password(user, "another-password-of-alice", Actor(user), NOW)
    assert calendar.find(text) is None
    assert not CalendarLink.objects.exists()
    assert Entry.objects.filter(changes__has_key="calendar_link").latest("pk").changes["calendar_link"] == ["on", "off"]
    assert text_of(user) != text


def test_a_hash_that_is_renewed_at_sign_in_is_no_new_password(user: User) -> None:
    """Django does so when a later release of it asks for more iterations."""
    text = text_of(user)
    user.set_password("the same")
    user.save(update_fields=["password"])
    assert calendar.find(text) == user


def test_links_of_the_previous_release_go_on_working_and_ended_ones_do_not_begin_to(user: User, settings: Settings) -> None:
    sealing = importlib.import_module("tokens.migrations.0011_seals_of_earlier_calendar_links")
    ended, old_key = UserFactory(), UserFactory()
    texts = [text_of(each) for each in (user, ended, old_key)]
    User.objects.filter(pk=ended.pk).update(session_stamp="another")
    CalendarLink.objects.update(seal="")
    assert [calendar.find(text) for text in texts] == [None, None, None]
    rotate(settings)
    sealing.seal(apps, None)
    settings.SECRET_KEY_FALLBACKS = []
    assert [calendar.find(text) for text in texts] == [user, None, old_key]


def test_a_new_secret_key_without_a_fallback_ends_the_link(user: User, settings: Settings) -> None:
    text = text_of(user)
    settings.SECRET_KEY = NEW_KEY
    assert calendar.find(text) is None
    assert calendar.current(user) is None
    assert text_of(user) != text
    assert CalendarLink.objects.count() == 1


def test_the_secret_is_neither_in_its_table_nor_in_the_audit_trail(user: User) -> None:
    texts = [text_of(user), calendar.reveal(calendar.renew(Actor(user), NOW))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tokens_calendarlink")
        cells = [bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor.fetchall() for cell in row]
    stored = " ".join(map(str, [*cells, *Entry.objects.values_list()])) + repr(vars(CalendarLink.objects.get()))
    assert token_format.digest(texts[1]) in cells
    for text in texts:
        assert not any(text[start : start + 8] in stored for start in range(len(text) - 7))


def test_the_audit_trail_says_who_did_what(user: User) -> None:
    calendar.switch_on(Actor(user), NOW)
    calendar.switch_on(Actor(user), NOW)
    calendar.renew(Actor(user), NOW)
    calendar.switch_off(Actor(user))
    calendar.switch_off(Actor(user))
    trail = Entry.objects.filter(actor=user, target_name="alice").order_by("pk")
    assert [entry.changes["calendar_link"] for entry in trail] == [["off", "on"], ["on", "renewed"], ["on", "off"]]


def test_a_wrong_secret_and_a_right_one_cost_one_query_each(user: User, django_assert_num_queries: Any) -> None:
    text = text_of(user)
    with django_assert_num_queries(1):
        assert calendar.find("x" * 32) is None
    with django_assert_num_queries(1):
        assert calendar.find(text) == user
