"""Every key of Config: which texts are values, and what the error says about each that is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.notifications.models import Message
from settings_app.notification_keys import SECURITY_NOTIFICATIONS
from settings_app.registry import APP_CONFIG, FLAGS, KEYS
from tests.clock import NOW

RUNS_ON = "sqlite"
DAYS, EMAILS = "token_expiration_days", "token_expiration_emails"
MANY = ";".join(f"person{n}@example.com" for n in range(500))


def parse(key: str, text: str) -> Any:
    return KEYS[key].parse(text)


def test_the_keys_are_those_of_the_documents_with_their_types_and_defaults() -> None:
    assert [(key.type, key.label, key.default) for key in KEYS.values()] == [
        (APP_CONFIG, "Enable User Token Expiration Notifications", ()),
        (APP_CONFIG, "User Token Expiration Notification Emails", ()),
        (APP_CONFIG, "Authorization token session duration", 480),
        (APP_CONFIG, "Require two-factor authentication for", "nobody"),
        (APP_CONFIG, "Grace period for two-factor authentication", 7),
        (APP_CONFIG, "Ask for a recent sign-in before tokens are created or shown", 0),
        (APP_CONFIG, "Maximum User Token Lifetime", 365),
        (APP_CONFIG, "Maximum active tokens per person", 50),
        (APP_CONFIG, "Maximum active tokens per service account", 200),
        (APP_CONFIG, "Roles by Group", ()),
        (APP_CONFIG, "Emergency administrator", ""),
        (APP_CONFIG, "Introspection cache time", 300),
        (APP_CONFIG, "Keep audit entries for", 400),
        (FLAGS, "Users may create their own API tokens", False),
        (FLAGS, "Notify token owners", False),
        (FLAGS, "Require owners of service accounts", False),
        (FLAGS, "Ask for a second factor after company sign-in", False),
        *((FLAGS, label, True) for _, label, _ in SECURITY_NOTIFICATIONS),
        (FLAGS, "Invite people created by SCIM", False),
        (FLAGS, "Allow local passwords", True),
        (FLAGS, "Create accounts at first company sign-in", False),
        (FLAGS, "DuploCloud client compatibility", False),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("15", (15,)),
        ("30;7;1", (30, 7, 1)),
        (" 1 ; 30;7 ", (30, 7, 1)),
        ("7;7", (7,)),
        ("7;", (7,)),
        ("1", (1,)),
        ("365", (365,)),
        ("007", (7,)),
    ],
)
def test_days_are_one_number_or_several_the_largest_first(text: str, days: tuple[int, ...]) -> None:
    assert parse(DAYS, text) == days


@pytest.mark.parametrize("bad", ["0", "-1", "366", "15.5", "abc", "1e1", "+7", "٧", "７", "7 days", "9" * 40, "0000000159999", "1_0"])
def test_what_is_no_number_of_days_is_named(bad: str) -> None:
    for text in (bad, f"30;{bad}", f"{bad};30"):
        with pytest.raises(ValueError) as error:
            parse(DAYS, text)
        assert str(error.value) == f"'{bad}' is not a whole number of days from 1 to 365."


@pytest.mark.parametrize("text", ["30,7,1", "30 7", "30, 7; 1", "30\n7"])
def test_days_that_are_separated_otherwise_get_a_hint(text: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(DAYS, text)
    assert str(error.value) == "Separate days with semicolons."


def test_a_number_of_five_thousand_digits_is_refused_like_any_other() -> None:
    for text in ("9" * 5000, "0" * 5000 + "7"):
        with pytest.raises(ValueError, match=r"' is not a whole number of days from 1 to 365\.$") as error:
            parse(DAYS, text)
        assert len(str(error.value)) < 100


@pytest.mark.parametrize("text", ["{};;{}", ";{}", "{};;", ";", "{}; ;{}", "{};{};{};;"])
def test_an_empty_part_between_semicolons_is_an_error(text: str) -> None:
    for key, parts in ((DAYS, ("30", "7", "1")), (EMAILS, ("a@example.com", "b@example.com", "c@example.com"))):
        with pytest.raises(ValueError) as error:
            parse(key, text.format(*parts))
        assert str(error.value) == "Remove the extra semicolon."


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("ops@example.com", ("ops@example.com",)),
        ("ops@example.com;security@example.com", ("ops@example.com", "security@example.com")),
        (" b@example.com ;\ta@example.com; ", ("b@example.com", "a@example.com")),
        ("O'Brien+tokens@Sub.Example.COM", ("O'Brien+tokens@Sub.Example.COM",)),
        ("a@example.com\nb@example.com", ("a@example.com", "b@example.com")),
        ("a@example.com;\r\n b@example.com ;\r\n\r\nc@example.com\n", ("a@example.com", "b@example.com", "c@example.com")),
        ("ops@bücher.example", ("ops@bücher.example",)),
    ],
)
def test_addresses_are_separated_by_semicolons_and_stay_in_their_order(text: str, addresses: tuple[str, ...]) -> None:
    assert parse(EMAILS, text) == addresses


@pytest.mark.parametrize(
    "bad", ["bob@", "@example.com", "bob", "bob@example", "a b@example.com", "a@example.com,b", "Bob <bob@example.com>"]
)
def test_a_malformed_address_is_named(bad: str) -> None:
    for text in (bad, f"ops@example.com;{bad}", f"{bad};ops@example.com"):
        with pytest.raises(ValueError) as error:
            parse(EMAILS, text)
        assert str(error.value) == f"'{bad}' is not an email address."


@pytest.mark.parametrize(
    "text", ["a@example.com,b@example.com", "a@example.com, b@example.com;c@example.com", "a@example.com b@example.com"]
)
def test_addresses_that_are_separated_otherwise_get_a_hint(text: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(EMAILS, text)
    assert str(error.value) == "Separate addresses with semicolons."


SAME = [
    ("ops@example.com", "ops@example.com"),
    ("ops@example.com", "OPS@Example.com"),
    ("ops@bücher.example", "ops@xn--bcher-kva.example"),
    ("ops@xn--bcher-kva.example", "ops@BÜCHER.example"),
    ("ops@straße.example", "ops@xn--strae-oqa.example"),
]


@pytest.mark.parametrize(("one", "again"), SAME)
def test_a_doubled_address_is_named(one: str, again: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(EMAILS, f"{one};x@example.com;{again}")
    assert str(error.value) == f"'{again}' is listed twice."


def test_500_addresses_are_too_many_and_100_are_not() -> None:
    with pytest.raises(ValueError) as error:
        parse(EMAILS, MANY)
    assert str(error.value) == "500 addresses are too many: at most 100. Use a mailing list."
    assert len(parse(EMAILS, ";".join(MANY.split(";")[:100]))) == 100


def test_an_address_longer_than_a_mail_server_takes_is_refused() -> None:
    longest = "a" * 242 + "@example.com"
    assert parse(EMAILS, longest) == (longest,)
    with pytest.raises(ValueError, match=r"is not an email address\.$"):
        parse(EMAILS, "a" + longest)


@given(st.text(max_size=30) | st.emails() | st.from_regex(r'\A("[ -~]{0,9}"|[a-zA-Z.]{1,9})@[a-z]{1,9}\.org\Z'))
@examples(max_examples=150, deadline=None)
def test_every_address_that_config_takes_is_taken_by_the_mail_queue_too(text: str) -> None:
    """One that the queue refused would stop the whole scan, again and again."""
    try:
        addresses = parse(EMAILS, text)
    except ValueError:
        return
    for address in addresses:
        Message(kind="test", recipient=address, message_id="x", created_at=NOW, next_attempt_at=NOW).clean_fields()


@pytest.mark.parametrize(
    ("key", "low", "high", "unit"),
    [
        ("session_minutes", 5, 43200, "minutes"),
        ("token_lifetime_days", 1, 365, "days"),
        ("introspection_cache_seconds", 30, 86_400, "seconds"),
    ],
)
def test_a_number_with_limits_takes_what_lies_between_them_and_names_what_does_not(key: str, low: int, high: int, unit: str) -> None:
    assert [parse(key, str(low)), parse(key, f" {high} ")] == [low, high]
    for bad in (str(low - 1), str(high + 1), "-5", "abc", "7.5", "30;7"):
        with pytest.raises(ValueError) as error:
            parse(key, bad)
        or_zero = ", or 0" if key == "introspection_cache_seconds" else ""
        assert str(error.value) == f"'{bad}' is not a whole number of {unit} from {low:,} to {high:,}{or_zero}."


def test_zero_lifts_the_cap_of_introspection() -> None:
    assert parse("introspection_cache_seconds", " 0 ") == 0


def test_a_flag_is_true_or_false_and_nothing_like_it() -> None:
    flag = "users_may_create_tokens"
    assert [parse(flag, text) for text in ("true", " TRUE", "False ")] == [True, True, False]
    for bad in ("yes", "1", "0", "on", "tru", "true;false"):
        with pytest.raises(ValueError) as error:
            parse(flag, bad)
        assert str(error.value) == f"'{bad}' must be true or false."


@pytest.mark.parametrize(
    ("key", "text"),
    [(DAYS, "30;7;1"), (EMAILS, "a@example.com;b@example.com"), ("session_minutes", "60"), ("users_may_create_tokens", "true")],
)
def test_what_is_stored_reads_back_as_it_was_stored(key: str, text: str) -> None:
    assert KEYS[key].format(parse(key, text)) == text
