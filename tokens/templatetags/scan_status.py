"""What System Settings says about the scan. Template tags, because that page's room must not import this one."""

from typing import Any

from django import template
from django.utils import timezone

import settings_app.services as config
from tokens.expiry import panel as card
from tokens.expiry import preview as previews
from tokens.models import ScanRun

register = template.Library()


@register.inclusion_tag("tokens/_scan_status.html")
def scan_status() -> dict[str, Any]:
    values = config.get_many("token_expiration_days", "token_expiration_emails", "notify_token_owners")
    return {
        "effect": effect(values["token_expiration_days"], values["token_expiration_emails"], values["notify_token_owners"]),
        "run": ScanRun.objects.exclude(finished_at=None).order_by("-pk").first(),
    }


@register.inclusion_tag("tokens/_scan_card.html", takes_context=True)
def scan_card(context: template.Context) -> dict[str, Any]:
    """The last scans, with Scan now."""
    return card.content(timezone.now()) | {"csrf_token": context["csrf_token"]}


@register.inclusion_tag("tokens/_scan_preview.html")
def scan_preview(key: str = "", asked: dict[str, Any] | None = None, deletes: bool = False) -> dict[str, Any]:
    """The place where a form says what its change would do. `key`: the form's, where it is given; `asked`: the key and value that a
    form without JavaScript asks about."""
    words = previews.words(asked["key"], asked["value"], timezone.now()) if asked else ""
    return {"shown": not key or key in previews.PREVIEWED, "key": key, "deletes": deletes, "words": words}


def effect(days: tuple[int, ...], addresses: tuple[str, ...], owners: bool = False) -> str:
    """What the present settings will do, in a sentence."""
    if not days:
        why = "Nothing will be sent: the addresses are set, but Enable User Token Expiration Notifications has no days."
        return why if addresses else "No faults and no mail: neither days nor addresses are set."
    at = ", ".join(map(str, days[:-1])) + f" and {days[-1]}" if len(days) > 1 else str(days[0])
    told = [f"{len(addresses)} address{'es' if len(addresses) > 1 else ''}"] if addresses else []
    told += ["each token's owner"] if owners else []
    mail = f"mail to {' and '.join(told)}" if told else "no mail, since no address is set"
    return f"Faults at {at} day{'s' if days != (1,) else ''}; {mail}."
