"""Text that people type and read: one rule for every name, and one way to compare names.

`clean` decides what a name can hold; `fold` makes the key by which names are searched and sorted, the same in Python and in both
databases (portal/core/ordering.py).
"""

import re
import unicodedata

from portal.core.errors import ServiceError
from portal.core.redaction import TOKEN

ZWNJ, ZWJ = "\u200c", "\u200d"
SIGMA = str.maketrans("ς", "σ")  # one letter, which has another form at the end of a word
ACCENTS = re.compile("[\u0300-\u036f]")

# The only tag sequences that Unicode recommends: the flags of England, Scotland and Wales. Other tags could hide text.
FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062"
    "(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
# Format characters that can be seen (Arabic, Syriac and Kaithi number signs) or that Mongolian cannot be written without.
FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\u180e")
# Letters and marks that show nothing, and what Unicode keeps free for more of the kind.
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]")
# They choose the form of the character before them: text or emoji, a Japanese or a Mongolian variant.
SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
MOST_MARKS = 8  # on one letter. Languages need up to six; more only covers the lines above and below


def clean(text: str, longest: int, label: str = "Name", field: str = "name") -> str:
    """`text` as it is stored: in Unicode's form NFC, without space around it. Empty if nothing is left.

    Allows what languages and emoji need (combining marks, joiners, variation selectors, flags). Raises ServiceError for `field`, with a
    message that begins with `label`, for more than `longest` characters, for line breaks and characters that cannot be seen or that
    reorder the text around them, for piles of marks, and for API tokens. Source: Unicode 14, UTS #39 and UTS #51.
    """
    text = text.strip()
    if len(text) <= 10 * longest:  # no form of Unicode is that much shorter, and very long runs of marks take long to normalise
        text = unicodedata.normalize("NFC", text).strip()
    if len(text) > longest:
        raise ServiceError(f"{label} must be {longest} characters or fewer (now {len(text)}).", field)
    if TOKEN.search(text):  # names are shown to others and sent by email
        raise ServiceError(f"{label} can't contain an API token.", field)
    if hides_something(text):
        raise ServiceError(f"{label} can't contain line breaks or invisible characters.", field)
    if has_too_many_marks(text):
        raise ServiceError(f"{label} has too many combining marks on one letter.", field)
    if text and not any(map(is_visible, text)):
        raise ServiceError(f"{label} needs at least one visible character.", field)
    return text


def hides_something(text: str) -> bool:
    """Has `text` a character that nobody sees, or that changes how others are shown, where no language or emoji needs it?"""
    text = FLAGS.sub("\U0001f3f4", text)
    return bool(BLANK.search(text)) or any(is_hidden(character, before) for before, character in zip(" " + text, text, strict=False))


def is_hidden(character: str, before: str) -> bool:
    """`before`: the character in front of it. Joiners and selectors are for what is no plain Latin letter, and never come twice."""
    if character in (ZWNJ, ZWJ):
        return before < "\u0300" or unicodedata.category(before) in ("Zs", "Cf")
    if SELECTORS.match(character):
        return before.isspace() or (before.isascii() and before.isalpha()) or bool(SELECTORS.match(before)) or before in (ZWNJ, ZWJ)
    category = unicodedata.category(character)
    if category == "Cf":
        return character not in FORMAT
    # An unassigned character may be an emoji that is newer than this Python; the last two of each plane will never be any.
    return category in ("Cc", "Co", "Cs", "Zl", "Zp") or is_noncharacter(ord(character))


def is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def has_too_many_marks(text: str) -> bool:
    row = 0
    for character in text:
        row = row + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if row > MOST_MARKS:
            return True
    return False


def is_visible(character: str) -> bool:
    """Marks, spaces and format characters alone show nothing."""
    return unicodedata.category(character)[0] in "LNPS" or unicodedata.category(character) == "Cn"


def fold(text: str) -> str:
    """The key by which `text` is searched and sorted: without case, accents (U+0300 to U+036F) and compatibility forms.

    For finding, never for deciding whether two names are the same one. Keys compare by code point. Mirrored in SQL by
    `portal.core.ordering.Fold`.
    """
    if text.isascii():
        return text.lower()
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text).lower().translate(SIGMA))
