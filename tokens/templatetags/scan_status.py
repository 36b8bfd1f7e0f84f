"""What System Settings says about the scan. A template tag, because that page's room must not import this one."""

from typing import Any

from django import template

import settings_app.services as config
from tokens.models import ScanRun

register = template.Library()


@register.inclusion_tag("tokens/_scan_status.html")
def scan_status() -> dict[str, Any]:
    values = config.get_many("token_expiration_days", "token_expiration_emails")
    return {
        "effect": effect(values["token_expiration_days"], values["token_expiration_emails"]),
        "run": ScanRun.objects.exclude(finished_at=None).order_by("-pk").first(),
    }


def effect(days: tuple[int, ...], addresses: tuple[str, ...]) -> str:
    """What the present settings will do, in a sentence."""
    if not days:
        why = "Nothing will be sent: the addresses are set, but Enable User Token Expiration Notifications has no days."
        return why if addresses else "No faults and no mail: neither days nor addresses are set."
    at = ", ".join(map(str, days[:-1])) + f" and {days[-1]}" if len(days) > 1 else str(days[0])
    told = f"mail to {len(addresses)} address{'es' if len(addresses) > 1 else ''}" if addresses else "no mail, since no address is set"
    return f"Faults at {at} day{'s' if days != (1,) else ''}; {told}."
