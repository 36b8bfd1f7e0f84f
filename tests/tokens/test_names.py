"""Token names: what can be one, and that a user's active tokens have different ones."""

from datetime import timedelta

import pytest

from portal.core.errors import ServiceError
from tests.checks import verification_result
from tests.clock import DAY, NOW, TODAY
from tests.factories import UserFactory, issue
from tokens import services
from tokens.dates import end_of
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db

EMPTY = "Enter a name that says what the token is for."
UNSEEN = "Name can't contain line breaks or invisible characters."
MARKUP = "Name can't contain < or >."
TOKEN = "Name can't contain an API token."
LINE = "a\u2028b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", EMPTY),
        ("   ", EMPTY),
        ("\t\n", EMPTY),
        ("\u3000", EMPTY),
        ("x" * 101, "Name must be 100 characters or fewer (now 101)."),
        ("é" * 5000, "Name must be 100 characters or fewer (now 5000)."),
        ("a\nb", UNSEEN),
        ("a\rb", UNSEEN),
        ("a\x00b", UNSEEN),
        ("a\x1b[31mb", UNSEEN),
        ("a\x7fb", UNSEEN),
        ("a\x85b", UNSEEN),
        ("invoice\u202egpj.exe", UNSEEN),
        ("zero\u200bwidth", UNSEEN),
        ("\ufeffbom", UNSEEN),
        (LINE, UNSEEN),
        ("half\ud800", UNSEEN),
        ("\u00ad", UNSEEN),
        ("soft\u00adhyphen", UNSEEN),
        ("\u0301", "Name needs at least one visible character."),
        ("a" + "\u0317" * 9, "Name has too many combining marks on one letter."),
        ("<script>alert(1)</script>", MARKUP),
        ("a > b", MARKUP),
        ("<", MARKUP),
        ("tpp_" + "a1B2" * 9, TOKEN),
        ("my token tpt_" + "a1B2" * 5, TOKEN),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_is_wrong(name: str, message: str) -> None:
    with pytest.raises(ServiceError) as error:
        issue(name=name)
    assert (str(error.value), error.value.field) == (message, "name")
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x" * 100,
        "é" * 100,
        "CI/CD Pipeline",
        "日本語",
        "{% debug %}",
        "{{ x }}",
        "%s %(a)s",
        "'; DROP TABLE tokens_token; --",
        "a & b",
        "🚀",
        "👩‍💻 dev",
        "می‌خواهم",
    ],
)
def test_every_other_name_is_kept_as_it_was_typed(name: str) -> None:
    issue(name=name)
    assert Token.objects.get().name == name


def test_a_name_is_one_whichever_way_its_accents_were_typed() -> None:
    owner = UserFactory()
    issue(owner, "re\u0301sume\u0301")
    assert Token.objects.get().name == "r\xe9sum\xe9"
    with pytest.raises(ServiceError, match="already has an active token named"):
        issue(owner, "r\xe9sum\xe9")


def test_space_around_a_name_is_dropped() -> None:
    issue(name="  deploy \t")
    assert Token.objects.get().name == "deploy"


def test_a_name_that_an_active_token_of_the_user_has_is_refused_and_says_so() -> None:
    owner = UserFactory()
    issue(owner, "deploy")
    with pytest.raises(ServiceError, match=f"^{owner.username} already has an active token named deploy.$") as error:
        issue(owner, " deploy ")
    assert error.value.field == "name"
    assert Token.objects.count() == 1


def test_capital_letters_make_another_name() -> None:
    owner = UserFactory()
    issue(owner, "deploy")
    issue(owner, "Deploy")
    assert Token.objects.count() == 2


def test_two_users_can_have_tokens_of_the_same_name() -> None:
    issue(name="deploy")
    issue(name="deploy")
    assert Token.objects.count() == 2


def test_the_name_of_a_temporary_token_is_taken_by_nobody() -> None:
    owner = UserFactory()
    row = {"user": owner, "name": "deploy", "kind": Token.Kind.TEMPORARY, "expires_at": NOW + DAY, "created_at": NOW}
    Token.objects.create(**row, digest=b"1" * 32)
    Token.objects.create(**row, digest=b"2" * 32)
    assert issue(owner, "deploy", NOW)


def test_a_name_is_free_again_once_its_token_is_revoked() -> None:
    owner = UserFactory()
    for _ in range(3):
        token, _ = issue(owner, "deploy", NOW)
        services.revoke(token, None, NOW)
    issue(owner, "deploy", NOW)
    assert Token.objects.count() == 4


def test_a_name_is_free_again_from_the_very_instant_at_which_its_token_expires() -> None:
    owner = UserFactory()
    _, old = issue(owner, "deploy", NOW, expires=TODAY + DAY)
    end = end_of(TODAY + DAY)
    with pytest.raises(ServiceError, match="already has an active token named"):
        issue(owner, "deploy", end - timedelta(microseconds=1))
    token, text = issue(owner, "deploy", end)
    assert verification_result(text, end) == token
    assert verification_result(old, end) is RejectionReason.EXPIRED


def test_the_second_holder_of_an_expired_name_holds_it_like_the_first() -> None:
    owner = UserFactory()
    issue(owner, "deploy", NOW, expires=TODAY + DAY)
    issue(owner, "deploy", NOW + 5 * DAY)
    with pytest.raises(ServiceError, match="already has an active token named"):
        issue(owner, "deploy", NOW + 5 * DAY)


def test_an_expired_token_that_gave_its_name_away_keeps_its_own_for_the_list() -> None:
    owner = UserFactory()
    issue(owner, "deploy", NOW, expires=TODAY + DAY)
    issue(owner, "deploy", NOW + 5 * DAY)
    assert list(Token.objects.values_list("name", flat=True)) == ["deploy", "deploy"]
