"""What System Settings shows of the expiry scan: a summary above the keys, the last scans below them, and a preview in their dialogs."""

from typing import Any

from django.utils import timezone

import settings_app.services as config
from settings_app.panels import Place, register, register_action
from tokens.expiry import panel, preview
from tokens.models import ScanRun


def summary() -> dict[str, Any]:
    values = config.get_many("token_expiration_days", "token_expiration_emails", "notify_token_owners")
    return {
        "effect": effect(values["token_expiration_days"], values["token_expiration_emails"], values["notify_token_owners"]),
        "run": ScanRun.objects.exclude(finished_at=None).order_by("-pk").first(),
    }


def scans() -> dict[str, Any]:
    return panel.content(timezone.now())


def change_preview(key: str, submitted: dict[str, Any] | None, deletes: bool) -> dict[str, Any]:
    """What a change of `key` would do. It is fetched as the value is typed; without JavaScript `submitted` is answered at once."""
    words = preview.words(submitted["key"], submitted["value"], timezone.now()) if submitted else ""
    return {"shown": not key or key in preview.PREVIEWED, "key": key, "deletes": deletes, "words": words}


def effect(days: tuple[int, ...], addresses: tuple[str, ...], owners: bool = False) -> str:
    """What the present settings will do, in a sentence."""
    if not days:
        why = "Nothing will be sent: email addresses are set, but Enable User Token Expiration Notifications has no days."
        return why if addresses else "Expiry notifications are off. Add days and email addresses."
    at = ", ".join(map(str, days[:-1])) + f" and {days[-1]}" if len(days) > 1 else str(days[0])
    recipients = [f"{len(addresses)} address{'es' if len(addresses) > 1 else ''}"] if addresses else []
    recipients += ["each token's owner"] if owners else []
    emails = f"email to {' and '.join(recipients)}" if recipients else "no email, since no address is set"
    return f"Faults raised {at} day{'s' if days != (1,) else ''} before expiry; {emails}."


def connect() -> None:
    """Called once, when the app is ready."""
    register(Place.ABOVE, "tokens/_scan_status.html", summary)
    register(Place.BELOW, "tokens/_scan_card.html", scans)
    register(Place.DIALOG, "tokens/_scan_preview.html", change_preview)
    register_action("token_expiration_emails", "Send a test email", "tokens:test_email")
