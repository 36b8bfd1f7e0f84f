from tokens.models.calendar import CalendarLink
from tokens.models.cli_login import HIGHEST_PORT, LOWEST_PORT, SignInCode
from tokens.models.expiry import Change, Notice, ScanRange, ScanRun
from tokens.models.token import NAME_MAX, Token, TokenQuerySet

__all__ = [
    "HIGHEST_PORT",
    "LOWEST_PORT",
    "NAME_MAX",
    "CalendarLink",
    "Change",
    "Notice",
    "ScanRange",
    "ScanRun",
    "SignInCode",
    "Token",
    "TokenQuerySet",
]
