"""What the email that warns of expiring tokens says, in text and HTML."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from portal.notifications import renderers
from tokens import dates
from tokens.models import Token

OWNERS_COUNTED = 20
# Why a recipient gets the email; completes "You get this email because ...".
ABOUT_ALL = "this address is set in System Settings as one to notify before tokens expire"
ABOUT_OWN = "you own tokens, or service accounts with tokens, that expire soon"


def write(tokens: list[dict[str, Any]], left_out: Counter[str], link: str, reason: str) -> renderers.Content:
    """`tokens`: what `line` says of each; `left_out`: how many others there are, by owner; `link` shows them all; `reason`: why the
    recipient is notified."""
    more = left_out.total()
    owners = ", ".join(f"{count:,} of {owner}" for owner, count in left_out.most_common(OWNERS_COUNTED))
    owners += ", ..." if len(left_out) > OWNERS_COUNTED else ""
    context = {"tokens": tokens, "more": f"{more:,}" if more else "", "owners": owners, "link": link, "reason": reason}
    if len(tokens) + more == 1:
        context["link"] = tokens[0]["link"]
    context |= {"button": "View token" if len(tokens) + more == 1 else "View these tokens", "preheader": preheader(tokens, more)}
    return renderers.from_templates("expiry_digest", subject(tokens, more), context, renderers.list_headers("expiry"))


def subject(tokens: list[dict[str, Any]], more: int) -> str:
    if len(tokens) + more > 1:
        return f"{len(tokens) + more:,} API tokens expire soon"
    (token,) = tokens
    return f"API token {token['name']} of {token['owner']} {'has expired' if token['over'] else 'expires ' + token['when']}"


def preheader(tokens: list[dict[str, Any]], more: int) -> str:
    """What email clients show beside the subject: of several tokens when the first expires, of one what to do."""
    if len(tokens) + more == 1:
        return "If you still need it, create a replacement, deploy it, then revoke this one."
    first = tokens[0]
    return f"The first {'has expired' if first['over'] else 'expires ' + first['when']}."


def when(days: int) -> str:
    """`today`, `tomorrow`, `in 5 days`."""
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def line(token: Token, now: datetime) -> dict[str, Any]:
    """What the email says of one token. Its link leads each reader to where their role may see it."""
    used = token.last_used_at
    over = token.expires_at <= now
    left = dates.days_left(token.expires_at, now)
    return {
        "name": token.name,
        "hint": token.hint,
        "owner": token.user.username,
        "expires": dates.ends(token.expires_at),
        "over": over,
        "urgent": over or left <= 1,
        "when": "expired" if over else when(left),
        "last_used": f"{timezone.localtime(used):%Y-%m-%d}" if used else "never",
        "link": renderers.absolute_url(reverse("tokens:token", args=[token.pk])),
    }
