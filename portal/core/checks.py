"""What is allowed in the environment, but is seldom meant: warnings of `manage.py check --deploy`, which a start writes to the log too."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import Warning as CheckWarning
from django.core.checks import register

# Names that no mail server outside can know (RFC 2606, RFC 6761).
RESERVED = (".localhost", ".test", ".invalid", ".example", ".example.com", ".example.net", ".example.org")


@register(deploy=True)
def environment(**kwargs: Any) -> list[CheckWarning]:
    found = []
    if problem := sender_problem():
        found.append(CheckWarning(problem, id="portal.W001"))
    if problem := proxies_problem():
        found.append(CheckWarning(problem, id="portal.W002"))
    return found


def sender_problem() -> str:
    """A sentence about a sender that mail servers reject; empty if there is nothing to say, or no mail server."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    domain = address.rpartition("@")[2].lower()
    if settings.EMAIL is None or ("." in domain and not f".{domain}".endswith(RESERVED)):
        return ""
    return f"Most mail servers reject the sender {address}. Set DEFAULT_FROM_EMAIL to an address of your own domain."


def proxies_problem() -> str:
    """A sentence about networks that are too wide to hold proxies alone."""
    wide = [str(network) for network in settings.TRUSTED_PROXIES if network.prefixlen < (16 if network.version == 4 else 48)]
    if not wide:
        return ""
    return (
        f"Every machine in {', '.join(wide)} can choose the address that it comes from. Name the proxies' own addresses in TRUSTED_PROXIES."
    )
