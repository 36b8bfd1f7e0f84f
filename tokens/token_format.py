"""The token's text: format, generation, checksum, digest, hint. Pure functions.

`tpp_` (permanent) or `tpt_` (temporary), 32 random base62 characters (190 bits), 6 base62 characters of CRC-32 over all that
stands before. A double click selects it whole; a secret scanner finds it by `PATTERN`; a mistyped one is rejected by its
checksum before any look-up.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PERMANENT, TEMPORARY = "tpp_", "tpt_"
RANDOM_LENGTH, CHECK_LENGTH = 32, 6
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
LENGTH = len(PERMANENT) + RANDOM_LENGTH + CHECK_LENGTH
PATTERN = re.compile(r"\btp[pt]_[0-9A-Za-z]{38}\b")
# A token, or so much of one that the rest could be guessed. No boundaries: it may be pasted with what stood around it.
# static/js/pasted-token.js has the same.
LIKE_A_TOKEN = re.compile(r"tp[pt]_[0-9A-Za-z]{20,}")


def base62(number: int, length: int) -> str:
    """`number` in exactly `length` characters, most significant first; what does not fit is cut off at the front."""
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))


def checksum(body: str) -> str:
    """`base62` of the CRC-32, two characters at a time: every request that brings a token pays for it."""
    rest, low = divmod(zlib.crc32(body.encode()), 3844)
    high, middle = divmod(rest, 3844)
    return PAIRS[high] + PAIRS[middle] + PAIRS[low]


def with_checksum(body: str) -> str:
    return body + checksum(body)


def generate() -> str:
    """A new permanent token's text, from the operating system's random source."""
    return with_checksum(PERMANENT + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH)))


def temporary(secret: bytes) -> str:
    """The text of the temporary token with this derived secret (32 bytes)."""
    return with_checksum(TEMPORARY + base62(int.from_bytes(secret), RANDOM_LENGTH))


def well_formed(text: str) -> bool:
    """Has `text` the form of a token, and does its checksum hold? Costs no look-up."""
    return bool(PATTERN.fullmatch(text)) and hmac.compare_digest(checksum(text[:-CHECK_LENGTH]), text[-CHECK_LENGTH:])


def holds_token(text: str) -> bool:
    """Is there anything in `text` that looks like an API token, or like most of one?"""
    return LIKE_A_TOKEN.search(text) is not None


def digest(text: str) -> bytes:
    """SHA-256, 32 bytes: all that is stored of a token. The text has 190 random bits, so no salt or slow hash is called for."""
    return hashlib.sha256(text.encode()).digest()


def hint(text: str) -> str:
    """The last four characters, by which a person tells tokens apart. All four belong to the checksum."""
    return text[-4:]
