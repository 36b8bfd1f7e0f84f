"""Sessions in the database: the key in the cookie opens one, and what the table holds opens none."""

import asyncio
import importlib
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.backends.db import SessionStore as DjangosStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.users.session_store import SessionStore, stored
from tests.clock import DAY
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
hashing = importlib.import_module("portal.users.migrations.0006_session_keys_hashed")


def new(**data: object) -> SessionStore:
    session = SessionStore()
    session.update(data)
    session.save()
    return session


def visitor(key: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def signed_in() -> Client:
    client = Client()
    client.force_login(UserFactory())
    return client


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_the_cookie_opens_the_session_and_the_row_does_not() -> None:
    key = key_of(signed_in())
    (row,) = Session.objects.all()
    assert key not in f"{row.session_key} {row.session_data} {row.get_decoded()}"
    assert is_signed_in(visitor(key))
    assert not is_signed_in(visitor(row.session_key))


def test_a_session_is_read_changed_and_deleted_by_its_key() -> None:
    key = new(a=1).session_key
    session = SessionStore(key)
    assert session["a"] == 1
    session["a"] = 2
    session.save()
    assert (SessionStore(key)["a"], session.session_key, Session.objects.count()) == (2, key, 1)
    assert SessionStore(key).exists(key)
    session.delete()
    assert not SessionStore(key).exists(key)
    assert not Session.objects.exists()


def test_another_key_for_the_same_data_leaves_no_second_row() -> None:
    session = new(a=1)
    old = session.session_key
    session.cycle_key()
    session.save()
    assert session.session_key != old
    assert Session.objects.get().session_key == stored(session.session_key)
    assert SessionStore(old).load() == {}


def test_flushing_deletes_the_row() -> None:
    session = new(a=1)
    session.flush()
    assert session.session_key is None
    assert not Session.objects.exists()


def test_a_key_that_is_taken_makes_no_second_session() -> None:
    session = new(a=1)
    with pytest.raises(CreateError):
        SessionStore(session.session_key).save(must_create=True)


def test_an_expired_session_is_not_read_and_is_cleared() -> None:
    session = new(a=1)
    Session.objects.update(expire_date=timezone.now() - DAY)
    assert SessionStore(session.session_key).load() == {}
    call_command("clearsessions")
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["", "short", "x" * 5000, "n\x00l", "ключ-ключ-ключ", "' OR 1=1 --"])
def test_a_key_that_was_never_given_opens_nothing(key: str) -> None:
    new(a=1)
    assert SessionStore(key).load() == {}


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: Playwright's event loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.mark.django_db(transaction=True)
def test_the_asynchronous_methods_store_no_key_either() -> None:
    async def active() -> tuple[str, object, bool]:
        session = SessionStore()
        await session.aset("a", 1)
        await session.asave()
        key = session.session_key
        return key, (await SessionStore(key).aload())["a"], await session.aexists(key)

    key, value, there = run(active())
    assert (value, there) == (1, True)
    assert Session.objects.get().session_key == stored(key)
    run(SessionStore(key).adelete())
    assert not Session.objects.exists()


# What the previous release left


def former(client: Client) -> str:
    """Stores the client's session as the previous release did, by Django's own store. Returns its key."""
    key = key_of(client)
    Session.objects.filter(session_key=stored(key)).update(session_key=key)
    assert "_auth_user_id" in DjangosStore(key).load()
    return key


def migrate(step: str) -> None:
    getattr(hashing, step)(apps, None)


def test_the_upgrade_signs_nobody_out() -> None:
    clients = [signed_in() for _ in range(3)]
    keys = [former(client) for client in clients]
    assert not any(is_signed_in(client) for client in map(visitor, keys))
    migrate("hash_keys")
    assert all(is_signed_in(client) for client in map(visitor, keys))
    assert set(Session.objects.values_list("session_key", flat=True)) == {stored(key) for key in keys}


def test_the_way_back_leaves_no_hash_that_the_previous_release_would_take_for_a_key() -> None:
    former(signed_in())
    migrate("hash_keys")
    migrate("end_all")
    assert not Session.objects.exists()
