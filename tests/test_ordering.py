"""Searching and sorting: whatever the database, the same rows in the same order."""

import sys
import unicodedata
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F, TextField, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.ordering import Finds, Fold, ordered
from portal.core.text import fold
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import TokenFactory, UserFactory
from tokens.models import Token

pytestmark = pytest.mark.django_db
# Characters that this Python's Unicode knows; a database's may be newer. NUL and surrogates are in no stored text.
KNOWN = st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\x00")


def in_database(text: str) -> str:
    return User.objects.annotate(key=Fold(Value(text, TextField()))).values_list("key", flat=True)[0]


@pytest.fixture
def somebody(db: None) -> User:
    return UserFactory()


def test_the_database_folds_as_python_does(somebody: User) -> None:
    @settings(max_examples=200)
    @given(st.text(KNOWN, max_size=30))
    def agrees(text: str) -> None:
        assert in_database(text) == fold(text)

    agrees()


def test_the_database_folds_every_cased_letter_as_python_does(somebody: User) -> None:
    """Letters that one of the two Unicode versions knows no other case of are none that a name has to be found by."""
    letters = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) in ("Lu", "Ll", "Lt")]
    folded = in_database("\x01".join(letters)).split("\x01")
    assert [letter for letter, key in zip(letters, folded, strict=True) if key != fold(letter)] == []


@pytest.mark.parametrize(
    ("searched", "text"),
    [
        ("älice", "Älice"),
        ("ÄLICE", "älice"),
        ("alice", "Älice"),
        ("Älice", "alice"),
        ("a\u0308lice", "\xc4lice"),
        ("οδος", "ΟΔΟΣ"),
        ("ΟΔΟΣ", "οδος"),
        ("иван", "ИВАН"),
        ("istanbul", "İSTANBUL"),
        ("deploy", "ｄｅｐｌｏｙ"),
        ("50%", "50% off"),
        ("a_b", "a_b"),
        ("\\", "a\\b"),
        ("🚀", "to the 🚀"),
        ("👩‍💻 dev", "👩‍💻 Dev"),
        ("日本", "日本語"),
        ("trailing ", "trailing  space"),
    ],
)
def test_a_search_finds_text_in_any_case(somebody: User, searched: str, text: str) -> None:
    User.objects.update(display_name=text)
    assert User.objects.filter(display_name__finds=searched).exists()
    assert not User.objects.filter(display_name__finds=searched + "x").exists()


@pytest.mark.parametrize(("searched", "text"), [("%", "abc"), ("a_c", "abc"), ("straße", "strasse"), ("o", "ø")])
def test_a_search_finds_nothing_else(somebody: User, searched: str, text: str) -> None:
    User.objects.update(display_name=text)
    assert not User.objects.filter(display_name__finds=searched).exists()


def test_names_are_sorted_without_case_and_accents() -> None:
    names = ["Zoë", "alice", "Älice 2", "_x", "Bob", "bob 2", "čeněk", "Émile", "eve", "日本", "10", "9", "a-b", "a b", "ab", "🚀"]
    expected = ["10", "9", "_x", "a b", "a-b", "ab", "alice", "Älice 2", "Bob", "bob 2", "čeněk", "Émile", "eve", "Zoë", "日本", "🚀"]
    for number, name in enumerate(names):
        UserFactory(username=f"user{number}", display_name=name)
    assert [user.display_name for user in ordered(User.objects.all(), "display_name", "pk")] == expected
    assert [user.display_name for user in ordered(User.objects.all(), "-display_name", "-pk")] == expected[::-1]


def test_what_never_happened_comes_last_in_both_directions() -> None:
    rows = {"never": None, "first": NOW, "second": NOW + DAY}
    for name, used in rows.items():
        TokenFactory(name=name, last_used_at=used, created_at=NOW - DAY, expires_at=NOW + timedelta(days=9))
    assert [token.name for token in ordered(Token.objects.all(), "last_used_at", "pk")] == ["first", "second", "never"]
    assert [token.name for token in ordered(Token.objects.all(), "-last_used_at", "pk")] == ["second", "first", "never"]


def test_a_relation_is_sorted_by_what_it_shows() -> None:
    people = [UserFactory(username=name) for name in ("b", "C", "a")]
    for person in people:
        TokenFactory(user=person, revoked_by=None if person.username == "a" else person)
    assert [token.user.username for token in ordered(Token.objects.select_related("user"), "user")] == ["a", "b", "C"]
    assert [token.user.username for token in ordered(Token.objects.select_related("user"), "-user")] == ["C", "b", "a"]
    assert [token.user.username for token in ordered(Token.objects.select_related("user"), "-revoked_by")] == ["C", "b", "a"]


def test_a_column_that_cannot_be_null_keeps_its_index() -> None:
    """PostgreSQL's index on a descending column has NULL first: with NULLS LAST it would sort a million rows for each page."""
    query = str(ordered(Token.objects.permanent(), "-created_at", "pk").query)
    assert query.endswith('ORDER BY "tokens_token"."created_at" DESC, "tokens_token"."id" ASC')


def test_an_expression_can_be_looked_for_too(somebody: User) -> None:
    assert User.objects.filter(Finds(F("username"), somebody.username.upper())).get() == somebody


def test_a_constraint_needs_no_function_of_ours() -> None:
    """Another program can open the database, and a newer Unicode makes no index wrong."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE sql LIKE '%portal_fold%'")
        else:
            cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%normalize%' OR indexdef LIKE '%pg_c_utf8%'")
        assert cursor.fetchone() == (0,)
