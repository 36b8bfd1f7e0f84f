"""Short words for tests of the scan."""

from datetime import datetime

from post_office.models import Email

import settings_app.services as config
from portal.faults.models import Fault
from tests.clock import DAY, NOW
from tests.factories import TokenFactory
from tokens import expiry
from tokens.dates import day_of, end_of
from tokens.models import Notice, ScanRun, Token

OPS, SECURITY = "ops@example.com", "security@example.com"


def configure(days: str = "", emails: str = "") -> None:
    """Sets the two keys to exactly this; an empty text deletes the key."""
    for key, text in (("token_expiration_days", days), ("token_expiration_emails", emails)):
        config.Config.objects.filter(key=key).delete()
        if text:
            config.add(key, text, None)


def ending(days: int, now: datetime = NOW, **values: object) -> Token:
    """A stored token that has `days` days left at `now`."""
    return TokenFactory(created_at=now - 100 * DAY, expires_at=end_of(day_of(now) + days * DAY), **values)


def scan(now: datetime = NOW) -> ScanRun:
    return expiry.scan(now, ScanRun.Asker.SCHEDULE)


def open_faults() -> set[str]:
    """The names of the tokens that have an open fault."""
    keys = Fault.objects.open().filter(source=expiry.SOURCE).values_list("key", flat=True)
    return set(Token.objects.filter(pk__in=list(keys)).values_list("name", flat=True))


def told(run: ScanRun) -> dict[str, set[str]]:
    """Which tokens' names each address is told of by the mails that this run queued."""
    result: dict[str, set[str]] = {}
    for notice in Notice.objects.filter(digest__run=run).select_related("token", "digest__email"):
        assert notice.digest.email.to == [notice.digest.address] == [notice.address]
        result.setdefault(notice.address, set()).add(notice.token.name)
    assert run.queued == len(result) == len(set(Email.objects.filter(digest__run=run)))
    return result
