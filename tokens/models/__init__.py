from tokens.models.calendar import CalendarLink
from tokens.models.cli_login import HIGHEST_PORT, LOWEST_PORT, DeviceLogin, SignInCode
from tokens.models.expiry import Notice, ScanRun
from tokens.models.revocation import BulkRevocation, BulkRevocationItem
from tokens.models.token import NAME_MAX, Token, TokenQuerySet

__all__ = [
    "HIGHEST_PORT",
    "LOWEST_PORT",
    "NAME_MAX",
    "BulkRevocation",
    "BulkRevocationItem",
    "CalendarLink",
    "DeviceLogin",
    "Notice",
    "ScanRun",
    "SignInCode",
    "Token",
    "TokenQuerySet",
]
