"""How a message gets its text when it is sent: a function for each kind, which lives with its subject and is registered here."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from portal.notifications.models import Message

SUBJECT_MAX = 200


class Content(NamedTuple):
    """`headers`: those that this kind of message has beside those of every message."""

    subject: str
    text: str
    html: str = ""
    headers: dict[str, str] | None = None


# Gets the message, whose `attempts` counts this one, and the time. None: there is nothing left to say.
Renderer = Callable[[Message, datetime], Content | None]
_renderers: dict[str, Renderer] = {}


def register(kind: str, renderer: Renderer) -> None:
    """Makes `renderer` write the messages of `kind`. Called once, when the renderer's app is ready."""
    _renderers[kind] = renderer


def kinds() -> list[str]:
    """The kinds that are registered, in alphabetical order."""
    return sorted(_renderers)


def render(message: Message, now: datetime) -> Content | None:
    """The content of `message` as of `now`. Raises what its renderer raises, and KeyError for a kind that is not registered."""
    content = _renderers[message.kind](message, now)
    return content and content._replace(subject=one_line(content.subject))


def one_line(subject: str) -> str:
    """No name in a subject can add a header."""
    return " ".join(subject.split())[:SUBJECT_MAX]


def from_templates(name: str, subject: str, context: dict[str, Any], headers: dict[str, str] | None = None) -> Content:
    """What `templates/emails/<name>.txt` and `.html` make of `context`. It has a `preheader`, which email clients show beside the subject,
    and a `reason`, which completes "You get this email because ..."."""
    context = {"portal_name": settings.PORTAL_NAME, "portal_url": settings.PORTAL_URL, "subject": subject, **context}
    text, html = (render_to_string(f"emails/{name}.{kind}", context) for kind in ("txt", "html"))
    return Content(subject, text, html, headers)


def list_headers(name: str) -> dict[str, str]:
    """For a notification that recurs: people filter or mute it by these (RFC 2919). `name`: one word for its kind."""
    host = urlsplit(settings.PORTAL_URL).hostname or ""
    host = host if re.search("[a-z]", host) and ":" not in host else "localhost"  # RFC 2919 needs a domain; an IP address is none
    phrase = re.sub(r"[^A-Za-z0-9 ]", "", settings.PORTAL_NAME).strip() or "Token Portal"
    return {"List-Id": f"{phrase} <{name}.{host}>"}


def absolute_url(path: str) -> str:
    """The full address of a page, for use outside the browser."""
    return settings.PORTAL_URL + path
