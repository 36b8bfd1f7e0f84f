"""The rule for every name: what languages and emoji need, and nothing that hides or reorders."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import ServiceError
from portal.core.text import MOST_MARKS, clean, fold

RUNS_ON = "sqlite"
LANGUAGES = [
    "résumé",
    "Tiếng Việt",
    "Ελληνικά",
    "Русский, їжак, Ёлка",
    "עִבְרִית",
    "בְּרֵאשִׁ֖ית",  # pointed and with accents: four marks on a letter
    "العَرَبِيَّة",
    "می‌خواهم",  # Persian, with ZWNJ
    "اُردُو",
    "हिन्दी क्‍ष",  # with ZWJ
    "മലയാളം ന്‍",  # a chillu letter of old spelling ends in ZWJ
    "සිංහල ශ්‍රී",
    "ภาษาไทย ที่นี่",
    "བོད་སྐད་ བརྒྱུད",
    "မြန်မာ ဩ",
    "ខ្មែរ",
    "한국어",
    "한국어",
    "日本語 葛󠄀城",  # with an ideographic variation selector
    "ᠮᠣᠩᠭᠣᠯ ᠊ᠢ᠋",  # Mongolian with a variation selector
    "ⵜⴰⵎⴰⵣⵉⵖⵜ",
    "ꮳꮃꭹ",
]
EMOJI = [
    "🚀",
    "👩‍💻 dev",
    "👨‍👩‍👧‍👦",
    "🧑🏽‍🚀",
    "🏳️‍🌈",
    "🏴‍☠️",
    "❤️‍🔥",
    "🇩🇪",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "1️⃣ #️⃣ *️⃣",
    "☎︎",
    "©️",
    "\U0001fae8",  # Unicode 15, newer than Python 3.11
]
HIDDEN = {
    "a NUL": "a\x00b",
    "a line break": "a\nb",
    "a tab inside": "a\tb",
    "an escape": "a\x1b[31m",
    "a C1 control": "a\x85b",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
    "a soft hyphen": "a\u00adb",
    "a zero-width space": "a\u200bb",
    "a byte order mark": "a\ufeffb",
    "a word joiner": "a\u2060b",
    "a grapheme joiner": "a\u034fb",
    "a Hangul filler": "\u3164",
    "a blank Braille cell": "\u2800",
    "a left-to-right mark": "a\u200eb",
    "a right-to-left override": "invoice\u202egpj.exe",
    "an isolate": "a\u2066b\u2069",
    "a tag": "a\U000e0041",
    "hidden tags behind a flag": "\U0001f3f4\U000e0073\U000e0065\U000e0063\U000e007f",
    "a joiner between Latin letters": "de\u200dploy",
    "a joiner first": "\u200dx",
    "two joiners": "क्\u200d\u200dष",
    "a selector on a Latin letter": "a\ufe0f",
    "two selectors": "❤\ufe0f\ufe0f",
    "a private character": "\ue000",
    "a noncharacter": "a\ufffe",
    "another noncharacter": "a\ufdd0",
    "half a surrogate pair": "a\ud800",
}


@pytest.mark.parametrize("name", LANGUAGES + EMOJI)
def test_what_languages_and_emoji_need_is_kept(name: str) -> None:
    assert clean(name, 100) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN)
def test_what_cannot_be_seen_is_rejected(name: str) -> None:
    with pytest.raises(ServiceError, match=r"^Display name can't contain line breaks or invisible characters\.$"):
        clean(name, 100, "Display name")


@pytest.mark.parametrize("name", ["\u0301", "\u0301 \u0302", "\u180e"])
def test_something_must_be_seen(name: str) -> None:
    with pytest.raises(ServiceError, match="needs at least one visible character"):
        clean(name, 100)


def test_marks_are_not_piled_up() -> None:
    assert clean("b" + "\u0317" * MOST_MARKS, 100)
    with pytest.raises(ServiceError, match="too many combining marks"):
        clean("b" + "\u0317" * (MOST_MARKS + 1), 100)


def test_length_is_counted_in_the_form_that_is_stored() -> None:
    assert clean("e\u0301" * 100, 100) == "é" * 100
    with pytest.raises(ServiceError, match=r"^Name must be 100 characters or fewer \(now 101\)\.$"):
        clean("e\u0301" * 101, 100)
    with pytest.raises(ServiceError, match="now 1000000"):
        clean("\u0301" * 1_000_000, 100)


def test_nothing_is_no_error() -> None:
    assert clean(" \t\u3000", 100) == ""


@given(st.text(max_size=40))
def test_a_name_is_rejected_or_clean_for_good(text: str) -> None:
    try:
        name = clean(text, 30)
    except ServiceError:
        return
    assert clean(name, 30) == name == unicodedata.normalize("NFC", name).strip()
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Co", "Zl", "Zp"}
    assert name.encode() and fold(name) == fold(text.strip()) if name else not text.strip()


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x24F), max_size=20))
def test_a_key_minds_no_case(text: str) -> None:
    assert fold(text.lower()) == fold(text)
