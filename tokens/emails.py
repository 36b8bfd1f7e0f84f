"""The email to a person for whom somebody else has created a token, or to the owners of a service account for which it was created:
anyone who has seen its text can act as that user."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.directory import owners
from portal.notifications import services
from portal.notifications.models import Message
from portal.notifications.renderers import Content, absolute_url, from_templates, register
from portal.users.models import User
from tokens.credentials import COMMAND_LINE, created_by_others, names
from tokens.models import Token

TOKEN_CREATED = "token_created"


def connect() -> None:
    """Called once, when the app is ready."""
    register(TOKEN_CREATED, render_token_created)


def queue_token_created(token: Token) -> None:
    """Announces `token` to its owner, or to the owners of the service account, in the caller's transaction, unless Config says no."""
    if config.get("notify_token_created") and (addresses := recipients(token)):
        services.queue(TOKEN_CREATED, addresses, now=token.created_at, about={"token": str(token.pk)})


def recipients(token: Token) -> list[str]:
    """People hear of tokens that they created themselves, too: it may have been somebody who sat at their browser."""
    if token.user.kind == User.Kind.SERVICE:
        return list(owners.people(token.user).exclude(pk=token.created_by_id or 0).values_list("email", flat=True))
    return [token.user.email] if token.user.email else []


def render_token_created(message: Message, now: datetime) -> Content | None:
    """Never the token's text, which is stored nowhere. Written too if the token was revoked meanwhile: it was usable."""
    token = Token.objects.filter(pk=message.about["token"]).select_related("user", "created_by", "created_with").first()
    if token is None or not token.user.is_active:
        return None
    own = token.user.kind == User.Kind.PERSON and not created_by_others(token)
    is_service = token.user.kind == User.Kind.SERVICE
    acts_as = token.user.username if is_service else "you"
    reason = f"you own the service account {acts_as}" if is_service else "this is the email address of the account that the token acts as"
    values = {
        "own": own,
        "username": token.user.username,
        "is_service": is_service,
        "facts": facts(token),
        "others": ", ".join(names(created_by_others(token))),
        "link": absolute_url(reverse("tokens:token", args=[token.pk])),
        "preheader": f"{token.name} ({token.hint}) acts as {acts_as}. If you did not expect it, revoke it.",
        "reason": reason,
    }
    subject = "A new API token was created" if own else f"An API token was created for {acts_as}"
    return from_templates("token_created", f"{subject} in {settings.PORTAL_NAME}", values)


def facts(token: Token) -> list[tuple[str, str]]:
    """What the email says about the token, with a label for each."""
    creator = token.created_by.username if token.created_by else COMMAND_LINE
    if token.created_with:
        creator += f", with the token {token.created_with.name} ({token.created_with.hint})"
    return [
        ("Name", f"{token.name} ({token.hint})"),
        ("Created by", creator),
        ("Created", f"{timezone.localtime(token.created_at):%Y-%m-%d %H:%M %Z}"),
        ("Expires", f"{token.expires_on:%Y-%m-%d}"),
    ]
