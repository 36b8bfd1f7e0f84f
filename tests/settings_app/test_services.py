"""Reading and writing configuration: a key once, typed, checked, and in force at once."""

import pytest
from pytest_django import DjangoAssertNumQueries

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from settings_app import services
from settings_app.models import Config
from tests.factories import AdministratorFactory

pytestmark = pytest.mark.django_db


def test_a_key_that_nobody_set_has_its_default() -> None:
    assert services.get("session_minutes") == 480
    assert services.get("token_expiration_days") == ()
    assert services.get("users_may_create_tokens") is False


def test_a_value_is_read_back_with_its_type() -> None:
    services.add("token_expiration_days", "1;30; 7", None)
    services.add("session_minutes", "60", None)
    services.add("users_may_create_tokens", "True", None)
    assert services.get("token_expiration_days") == (30, 7, 1)
    assert services.get("session_minutes") == 60
    assert services.get("users_may_create_tokens") is True


def test_a_value_is_stored_in_one_form_however_it_was_typed() -> None:
    services.add("token_expiration_days", " 1 ;30;  7;", None)
    services.add("users_may_create_tokens", " TRUE ", None)
    assert dict(Config.objects.values_list("key", "value")) == {"token_expiration_days": "30;7;1", "users_may_create_tokens": "true"}


def test_several_keys_are_read_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    services.add("session_minutes", "60", None)
    with django_assert_num_queries(1):
        assert services.get_many("session_minutes", "token_lifetime_days") == {"session_minutes": 60, "token_lifetime_days": 365}


def test_a_key_exists_once() -> None:
    services.add("session_minutes", "60", None)
    with pytest.raises(ServiceError, match=r"^Authorization token session duration has already been set\.") as error:
        services.add("session_minutes", "90", None)
    assert error.value.field == "key"
    assert services.get("session_minutes") == 60


@pytest.mark.parametrize(
    ("text", "message"), [("", "Enter a value."), ("  ", "Enter a value."), ("4", "'4' is not a whole number of minutes from 5 to 43,200.")]
)
def test_a_bad_value_is_refused_by_add_and_by_update_and_changes_nothing(text: str, message: str) -> None:
    for write in (lambda: services.add("session_minutes", text, None), lambda: services.update(Config.objects.get(), text, None)):
        with pytest.raises(ServiceError) as error:
            write()
        assert (str(error.value), error.value.field) == (message, "value")
        Config.objects.get_or_create(key="session_minutes", defaults={"value": "60"})
    assert services.get("session_minutes") == 60


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"^Choose one of the keys\.$") as error:
        services.add("colour", "blue", None)
    assert error.value.field == "key"


def test_update_gives_another_value_and_delete_the_default_again() -> None:
    config = services.add("session_minutes", "60", None)
    services.update(config, "90", None)
    assert (services.get("session_minutes"), config.value) == (90, "90")
    assert services.delete(config, None) is True
    assert services.get("session_minutes") == 480


def test_what_somebody_else_has_deleted_is_neither_updated_nor_deleted_again() -> None:
    config = services.add("session_minutes", "60", None)
    stale = Config.objects.get()
    services.delete(config, None)
    with pytest.raises(ServiceError, match="Somebody has deleted this key"):
        services.update(stale, "90", None)
    assert services.delete(stale, None) is False
    assert services.get("session_minutes") == 480


def test_a_change_is_in_force_at_once_whoever_made_it() -> None:
    """Another process's write is a row that this process did not write: nothing may be remembered between two reads."""
    config = services.add("session_minutes", "60", None)
    assert services.get("session_minutes") == 60
    Config.objects.filter(pk=config.pk).update(value="90")
    assert services.get("session_minutes") == 90
    Config.objects.all().delete()
    assert services.get("session_minutes") == 480


def test_rooms_above_hear_of_every_change_and_of_nothing_that_failed() -> None:
    heard: list[tuple[str, object]] = []

    def listen(sender: object, key: str, actor: object, **kwargs: object) -> None:
        heard.append((key, actor))

    actor = Actor(AdministratorFactory())
    services.changed.connect(listen)
    try:
        config = services.add("session_minutes", "60", actor)
        services.update(config, "90", actor)
        services.delete(config, actor)
        services.delete(config, actor)
        with pytest.raises(ServiceError):
            services.add("session_minutes", "1", actor)
    finally:
        services.changed.disconnect(listen)
    assert heard == [("session_minutes", actor)] * 3
