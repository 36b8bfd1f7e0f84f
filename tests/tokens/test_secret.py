"""The token's text: its form, its checksum, and that nothing but the whole of it passes."""

import re
import string
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokens import sessions, token_format

RUNS_ON = "sqlite"
BASE62 = string.digits + string.ascii_letters
KEY = "a key of the portal, long enough to be one"
ID = "7b0e2a9e-6d0f-4a4e-9d6c-0d2d6a1e8a11"


def test_a_permanent_token_is_its_prefix_and_38_base62_characters() -> None:
    assert re.fullmatch(r"tpp_[0-9A-Za-z]{38}", token_format.generate())


def test_a_temporary_token_is_its_prefix_and_38_base62_characters() -> None:
    assert re.fullmatch(r"tpt_[0-9A-Za-z]{38}", sessions.derive(KEY, ID))


def test_no_two_generated_tokens_are_the_same() -> None:
    assert len({token_format.generate() for _ in range(2000)}) == 2000


def test_every_place_of_the_random_part_takes_every_kind_of_character() -> None:
    texts = [token_format.generate()[4:36] for _ in range(2000)]
    for place in range(32):
        assert {text[place] for text in texts} == set(BASE62)


def test_the_last_six_characters_are_the_crc_32_of_what_stands_before() -> None:
    text = token_format.generate()
    value = 0
    for character in text[-6:]:
        value = value * 62 + (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(character)
    assert value == zlib.crc32(text[:-6].encode())


def test_a_text_of_known_parts_has_the_checksum_that_it_always_had() -> None:
    assert token_format.with_checksum("tpp_" + "0" * 32) == "tpp_" + "0" * 32 + token_format.base62(zlib.crc32(b"tpp_" + b"0" * 32), 6)
    assert token_format.base62(61, 2) == "0z"
    assert token_format.base62(62, 2) == "10"
    assert token_format.base62(62**2 + 5, 2) == "05"


def test_generated_and_derived_tokens_are_well_formed() -> None:
    assert all(token_format.well_formed(token_format.generate()) for _ in range(200))
    assert all(token_format.well_formed(sessions.derive(KEY, str(n))) for n in range(200))


@given(st.integers(4, 41), st.sampled_from(BASE62))
def test_one_mistyped_character_is_always_noticed(place: int, character: str) -> None:
    text = sessions.derive(KEY, ID)
    mistyped = text[:place] + character + text[place + 1 :]
    assert token_format.well_formed(mistyped) is (mistyped == text)


@given(st.integers(4, 40))
def test_two_neighbours_that_change_places_are_always_noticed(place: int) -> None:
    text = sessions.derive(KEY, ID)
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert token_format.well_formed(swapped) is (swapped == text)


@given(st.text(max_size=60) | st.from_regex(r"tp[pt]_[0-9A-Za-z]{30,40}"))
def test_whatever_is_not_a_token_is_refused_and_never_fails(text: str) -> None:
    assert token_format.well_formed(text) is False


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "\n{}", "{}\x00", "Bearer {}", "{}{}", "{}é", "{}\ud800"])
def test_a_token_with_something_around_it_is_refused(around: str) -> None:
    text = token_format.generate()
    assert not token_format.well_formed(around.format(text, text))


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase, lambda text: "tpx_" + text[4:], lambda text: text[:-1]])
def test_a_token_that_is_written_otherwise_is_refused(change: Callable[[str], str]) -> None:
    assert not token_format.well_formed(change(token_format.with_checksum("tpp_" + "aB" * 16)))


def test_full_width_digits_are_no_base62() -> None:
    assert not token_format.well_formed("tpp_" + "０" * 38)


def test_the_prefix_is_under_the_checksum_too() -> None:
    permanent = token_format.generate()
    assert not token_format.well_formed("tpt_" + permanent[4:])


def test_the_same_key_and_id_give_the_same_temporary_token() -> None:
    assert sessions.derive(KEY, ID) == sessions.derive(KEY, ID)


def test_another_key_or_another_id_gives_another_temporary_token() -> None:
    texts = {sessions.derive(KEY, ID), sessions.derive(KEY + "!", ID), sessions.derive(KEY, ID[:-1] + "2")}
    assert len({text[4:36] for text in texts}) == 3


def test_a_temporary_token_is_what_it_was_in_the_first_version() -> None:
    """A change of the derivation would end every session's token with the upgrade."""
    assert sessions.derive("key", "id") == "tpt_oub1lFTdRFOon7zB2G3LmDDR5FcsP5aM20XDKl"


def test_the_digest_is_the_sha_256_of_the_text() -> None:
    assert token_format.digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_hint_is_the_last_four_characters_and_gives_away_nothing_random() -> None:
    text = token_format.generate()
    assert token_format.hint(text) == text[-4:]
    assert len(token_format.hint(text)) < token_format.CHECK_LENGTH


def test_a_scanner_finds_a_token_in_running_text() -> None:
    text = token_format.generate()
    for line in (f"export TOKEN={text}", f'"{text}"', f"Authorization: Bearer {text}\r\n", f"https://x/?t={text}&a=b"):
        assert token_format.PATTERN.search(line)[0] == text
