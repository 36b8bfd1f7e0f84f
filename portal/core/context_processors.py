"""The context that the frame around every page needs: name, navigation by role, and which base a template extends."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

DIALOGS = ("pane", "window")


def navigation(role: str, path: str) -> list[dict[str, Any]]:
    """The sections that `role` sees: [{title, items: [{label, url, icon, active}]}]."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for section, label, name, icon, roles in settings.NAVIGATION:
        if role in roles:
            url = reverse(name)
            active = path == url if name == "home" else path.startswith(url)  # every address starts with the home page's
            item = {"label": label, "url": url, "icon": icon, "active": active}
            sections.setdefault(section, []).append(item)
    return [{"title": title, "items": items} for title, items in sections.items()]


def now_of(request: HttpRequest) -> datetime:
    """One instant for all dates of a page, however many templates render it. A view that passes its own `now` overrides it."""
    now: datetime | None = getattr(request, "_now", None)
    if now is None:
        now = request._now = timezone.now()  # type: ignore[attr-defined]
    return now


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor. The navigation is made when the page asks, since a list's cells, which run this too, do not."""
    user = getattr(request, "user", None)
    htmx = getattr(request, "htmx", None)
    session = getattr(request, "session", None)
    return {
        "now": now_of(request),
        "portal_name": settings.PORTAL_NAME,
        "navigation": SimpleLazyObject(lambda: navigation(user.role, request.path)) if user and user.is_authenticated else [],
        "session_seconds": SimpleLazyObject(session.get_expiry_age) if session is not None else None,  # until the session ends
        "frame": "_dialog.html" if htmx and htmx.target in DIALOGS else "base.html",
    }
