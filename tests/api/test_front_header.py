"""The Authorization header and the token's form against whatever may be sent (hypothesis), without a database."""

import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from tests.api.asgi_client import ask
from tokens import token_format
from tokens.verification import lookup
from tokens.verification.bearer import MAX_LENGTH, BearerError, challenge, token_of

RUNS_ON = "sqlite"
as_a_server_hands_it_over = st.binary(max_size=200).map(lambda data: data.decode("latin-1"))
near_a_token = st.text(alphabet=string.ascii_letters + string.digits + "_-é ", max_size=60).map(lambda text: "tpp_" + text)
anything = st.one_of(as_a_server_hands_it_over, st.text(max_size=200), near_a_token)
B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, section 2.1


@pytest.fixture(autouse=True)
def no_look_up(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Nothing here has a right checksum, so that nothing may reach the database."""
    settings.WRONG_TOKENS_A_MINUTE = 1_000_000

    def fail(digest: bytes) -> None:
        raise AssertionError(f"looked up {digest!r}")

    monkeypatch.setattr(lookup, "by_digest", fail)


@given(anything)
def test_a_header_gives_a_token_or_names_its_problem(header: str) -> None:
    found = token_of(header)
    if isinstance(found, str):
        assert B64TOKEN.fullmatch(found)
        assert header.lower().startswith("bearer ")
        assert header.endswith(found)
    else:
        assert found in (BearerError.MISSING, BearerError.MALFORMED)


@given(anything)
def test_after_the_schemes_name_whatever_has_the_form_of_a_token_is_the_token(text: str) -> None:
    expected = text if B64TOKEN.fullmatch(text) else BearerError.MALFORMED
    if not text.startswith(" "):
        assert token_of(f"Bearer {text}") == expected


@given(anything)
@example("tpp_" + "٣" * 38)
@example("tpp_" + "0" * 38 + "\n")
@example("\ud800")
def test_whatever_is_sent_is_refused_by_one_of_three_answers_that_repeat_nothing_of_it(text: str) -> None:
    nothing, malformed, wrong = (ask("/verify", header) for header in (None, "Bearer a b", "Bearer a"))
    assert [reply.status for reply in (nothing, malformed, wrong)] == [401, 400, 401]
    assert ask("/verify", text) in (nothing, malformed, wrong)
    assert ask("/verify", f"Bearer {text}") in (malformed, wrong)


@pytest.mark.parametrize("size", [MAX_LENGTH, 100_000, 10_000_000])
def test_a_huge_header_is_malformed_and_costs_no_time(size: int) -> None:
    assert token_of("Bearer " + "a" * size) is BearerError.MALFORMED
    assert token_of("Bearer " + "=" * size) is BearerError.MALFORMED
    assert token_of("Bearer" + " " * size + "\x00") is BearerError.MALFORMED


def test_the_longest_header_is_still_looked_at() -> None:
    assert token_of("Bearer " + "a" * (MAX_LENGTH - 7)) == "a" * (MAX_LENGTH - 7)


@given(
    st.text(alphabet=token_format.ALPHABET, min_size=token_format.RANDOM_LENGTH, max_size=token_format.RANDOM_LENGTH),
    st.integers(4, 41),
    st.characters(),
)
def test_one_changed_character_is_noticed_by_the_checksum(body: str, place: int, other: str) -> None:
    text = token_format.with_checksum(token_format.PERMANENT + body)
    changed = text[:place] + other + text[place + 1 :]
    assert token_format.well_formed(text)
    assert token_format.well_formed(changed) is (changed == text)


@given(anything)
def test_a_token_is_42_characters_of_ascii_and_nothing_around_them(text: str) -> None:
    good = token_format.with_checksum(token_format.PERMANENT + "0" * token_format.RANDOM_LENGTH)
    assert token_format.well_formed(text + good) is (text == "")
    assert token_format.well_formed(good + text) is (text == "")


@given(anything)
def test_many_headers_in_one_are_malformed(text: str) -> None:
    """A server joins headers of the same name with commas: which of them would be the one?"""
    good = token_format.with_checksum(token_format.PERMANENT + "0" * token_format.RANDOM_LENGTH)
    assert token_of(f"Bearer {good}, Bearer {text}") is BearerError.MALFORMED
    assert token_of(f"Bearer {good},{text}") is BearerError.MALFORMED


@pytest.mark.parametrize("reason", BearerError)
def test_rfc_6750_section_3_a_challenge_is_of_the_form_that_the_rfc_gives(reason: BearerError) -> None:
    parameter = r'[a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]+"'
    assert re.fullmatch(rf"Bearer {parameter}(, {parameter})*", challenge(reason))
