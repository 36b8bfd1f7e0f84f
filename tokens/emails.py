"""The email to a person for whom somebody else has created a token: whoever has seen its text can act as that person."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from portal.core.tasks import look_now
from portal.notifications import delivery
from portal.notifications import emails as mail
from portal.notifications.tasks import deliver_mail
from tokens.credentials import COMMAND_LINE, created_by_others, names
from tokens.models import Token

TOKEN_CREATED = "token_created"


def connect() -> None:
    """Called once, when the app is ready."""
    delivery.writers[TOKEN_CREATED] = write_token_created


def queue_token_created(token: Token) -> None:
    """Announces `token` to its owner, in the caller's transaction, unless they created it themselves. Service accounts have no email."""
    if token.user.email and created_by_others(token):
        subject = f"An API token was created for you in {settings.PORTAL_NAME}"
        mail.queue_unwritten(TOKEN_CREATED, subject, [token.user.email], token=str(token.pk))
        look_now(deliver_mail)


def write_token_created(email: Email, now: datetime) -> delivery.Content | None:
    """Never the token's text, which is stored nowhere. Written too if the token was revoked meanwhile: it was usable."""
    token = Token.objects.filter(pk=email.context["token"]).select_related("user", "created_by", "created_with").first()
    if token is None or not token.user.is_active:
        return None
    return mail.write("token_created", email.subject, values(token))


def values(token: Token) -> dict[str, Any]:
    return {
        "token": token,
        "username": token.user.username,
        "creator": token.created_by.username if token.created_by else COMMAND_LINE,
        "created_with": token.created_with,
        "others": ", ".join(names(created_by_others(token))),
        "at": f"{timezone.localtime(token.created_at):%Y-%m-%d %H:%M %Z}",
        "profile": mail.absolute(reverse("profile")),
    }
