"""The stored keys by which tokens and users are searched and sorted."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.search_keys import SEPARATOR, fill, trigrams
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import TokenFactory, UserFactory
from tokens.models import Token
from tokens.models.token import FEW, SAMPLE, TokenQuerySet
from tokens.tasks import fill_search_keys

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(Token.objects.permanent().found(text).values_list("name", flat=True))


def test_a_key_is_written_with_its_row() -> None:
    token = TokenFactory(name="Ärger", last_four="aB3d")
    user = UserFactory(username="Anna@example.com", display_name="Anna Östberg")
    batch = Token.objects.bulk_create([TokenFactory.build(user=user, name="Batch", last_four="Wxyz")])
    keys = [Token.objects.get(pk=each.pk).search_key for each in (token, *batch)]
    assert keys == [f"arger{SEPARATOR}ab3d", f"batch{SEPARATOR}wxyz"]
    user.display_name = "Anna Berg"
    user.save()
    assert User.objects.get(pk=user.pk).search_key == f"anna@example.com{SEPARATOR}anna berg"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deploy", {"Deploy Käse", "deploy-2"}),
        ("kase", {"Deploy Käse"}),
        ("KÄSE", {"Deploy Käse"}),
        ("y-", {"deploy-2"}),
        ("-2", {"deploy-2"}),
        ("9XyZ", {"deploy-2"}),
        ("östberg", {"hers"}),
        ("olga@", {"hers"}),
        ("%", set()),
        ("'; --", set()),
        ("\\", set()),
        (f"kase{SEPARATOR}", {"Deploy Käse"}),
        ("deploy käse deploy", set()),
    ],
)
def test_a_search_finds_names_hints_and_owners(text: str, expected: set[str]) -> None:
    owner = UserFactory(username="nina@example.com", display_name="")
    TokenFactory(user=owner, name="Deploy Käse", last_four="0000")
    TokenFactory(user=owner, name="deploy-2", last_four="9xYz")
    TokenFactory(user=UserFactory(username="olga@example.com", display_name="Olga Östberg"), name="hers", last_four="1111")
    assert found(text) == expected


def test_a_search_that_finds_many_owners_finds_the_tokens_of_all() -> None:
    owners = User.objects.bulk_create(UserFactory.build(username=f"crowd{n}@example.com") for n in range(FEW + 2))
    Token.objects.bulk_create(
        TokenFactory.build(user=owner, name=f"of {owner.username}", digest=owner.username.encode()) for owner in (owners[0], owners[-1])
    )
    assert found("crowd") == {f"of {owners[0].username}", f"of {owners[-1].username}"}


def test_a_frequent_text_is_found_as_any_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    TokenFactory.create_batch(SAMPLE // 10, last_four="0000")
    TokenFactory(name="seldom", last_four="1111")
    expected = found("seldom"), len(found("0000"))
    assert (Token.objects.is_frequent("0000"), Token.objects.is_frequent("seldom")) == (True, False)
    monkeypatch.setattr(TokenQuerySet, "is_frequent", lambda rows, text: text == "seldom")
    assert (found("seldom"), len(found("0000"))) == expected == ({"seldom"}, SAMPLE // 10)


def test_missing_keys_are_filled_as_they_would_have_been_written() -> None:
    rows = [TokenFactory(name=name) for name in ("Ärger", "ΟΔΟΣ", "ｄｅｐｌｏｙ")]
    written = dict(Token.objects.values_list("pk", "search_key"))
    users = dict(User.objects.values_list("pk", "search_key"))
    Token.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(search_key="")
    User.objects.update(search_key="")
    fill_search_keys()
    assert dict(Token.objects.values_list("pk", "search_key")) == written
    assert dict(User.objects.values_list("pk", "search_key")) == users
    assert fill(Token.objects.all()) == 0


def test_keys_are_filled_in_batches(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., object]) -> None:
    monkeypatch.setattr("portal.core.search_keys.BATCH", 2)
    for _ in range(5):
        TokenFactory()
    Token.objects.update(search_key="")
    with django_assert_num_queries(7):
        assert fill(Token.objects.all()) == 5


def test_postgresql_makes_the_same_trigrams() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no trigrams")

    @settings(max_examples=100)
    @given(st.text(st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\x00"), max_size=30))
    def agrees(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT portal_trigrams(%s)", [text])
            assert set(cursor.fetchone()[0] or ()) == set(trigrams(text))

    agrees()


@pytest.mark.parametrize("status", ["active", "expiring", "expired", "revoked"])
@pytest.mark.parametrize("warned", [NOW + 15 * DAY, NOW], ids=["warned", "not-warned"])
def test_a_status_is_selected_as_it_is_shown(status: str, warned: object) -> None:
    owner = UserFactory()
    for days, revoked in ((-1, None), (0, None), (1, None), (15, None), (16, None), (3, NOW), (-3, NOW)):
        TokenFactory(user=owner, created_at=NOW - 30 * DAY, expires_at=NOW + days * DAY, revoked_at=revoked)
    rows = Token.objects.with_status(NOW, warned)
    assert set(rows.having_status(status, NOW, warned)) == {row for row in rows if row.status == status}


@pytest.mark.field
@pytest.mark.django_db(transaction=True)
def test_the_upgrade_gives_earlier_rows_their_keys() -> None:
    call_command("migrate", "tokens", "0017", verbosity=0)
    call_command("migrate", "users", "0007", verbosity=0)
    try:
        row = {"username": "Former@example.com", "display_name": "Jürgen", "email": "", "password": "!", "role": "user", "kind": "person"}
        row |= {"is_active": True, "may_introspect": False, "session_stamp": "stamp", "created_at": NOW}
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO users_user ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
    finally:
        call_command("migrate", verbosity=0)
    assert User.objects.get(username="Former@example.com").search_key == f"former@example.com{SEPARATOR}jurgen"
