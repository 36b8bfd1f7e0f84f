"""The command palette (Ctrl-K): the pages, actions, users and tokens that match what somebody types, by what their role may open."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

import settings_app.services as config
from portal.core import permissions as access
from portal.core.list_views import matching, search_text
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.text import fold
from portal.users.models import SEARCH as USER_SEARCH
from portal.users.models import User
from tokens.models import Token
from tokens.tables import SEARCH as TOKEN_SEARCH

SHORTEST = 2  # characters: with fewer, users and tokens are not searched
MOST_READ = 30  # rows
MOST_SHOWN = 6


@dataclass(frozen=True)
class Entry:
    """A line of the palette. `way`: "link", "pane" or "window" (the dialog that opens), "post", "theme", "logout", "copy", "shortcuts"."""

    label: str
    url: str
    icon: str
    way: str = "link"
    words: str = ""  # found by these, too
    detail: str = ""


@require_safe
@access.signed_in
def palette(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The list below the palette's field. `q`: what was typed."""
    text = search_text(request.GET.get("q", ""))
    searched = len(text) >= SHORTEST
    groups = {
        "Pages": named(pages(request.user), text),
        "Actions": named(actions(request.user), text),
        "Users": users(request.user, text) if searched else [],
        "Tokens": tokens(request.user, text) if searched else [],
    }
    return render(request, "_palette_results.html", {"groups": [each for each in groups.items() if each[1]]})


def named(entries: Iterable[Entry], text: str) -> list[Entry]:
    """Those of `entries` whose label or words have each word of `text`."""
    wanted = fold(text).split()
    return [entry for entry in entries if all(word in fold(f"{entry.label} {entry.words}") for word in wanted)]


def pages(user: User) -> list[Entry]:
    found = [Entry(label, reverse(name), icon) for _, label, name, icon, roles in settings.NAVIGATION if user.role in roles]
    if user.role == access.ADMINISTRATOR:
        found.append(Entry("Groups", reverse("directory:groups"), "fa-users", words="teams owners members"))
    found.append(Entry("Profile", reverse("profile"), "fa-user", words="account me api tokens credentials"))
    if access.may_review(user):
        found.append(Entry("Administration", reverse("admin:index"), "fa-screwdriver-wrench", words="django admin messages audit"))
    found.append(Entry("API documentation", reverse("api_page"), "fa-code", words="openapi rest"))
    found.append(Entry("Sessions", reverse("sessions:own"), "fa-laptop", words="devices browsers"))
    found.append(Entry("Change password", reverse("account_change_password"), "fa-key"))
    return found


def actions(user: User) -> list[Entry]:
    found = []
    if user.role == access.ADMINISTRATOR:
        found.append(Entry("Create user", reverse("users:create"), "fa-user-plus", "pane", "add invite"))
    if access.may_create_own_tokens(user, config.get("users_may_create_tokens")):
        found.append(Entry("Create API token", reverse("tokens:create_own"), "fa-plus", "window", "add"))
    if user.role == access.ADMINISTRATOR:
        found.append(Entry("All settings", reverse("settings:all"), "fa-gear", words="system config switch flags"))
        found.append(Entry("Add Config", reverse("settings:add"), "fa-sliders", "pane", "system settings"))
        found.append(Entry("Scan now", reverse("tokens:scan_now"), "fa-rotate", "post", "expiry"))
    found.append(Entry("Copy API Token", reverse("tokens:temporary"), "fa-copy", "copy", "temporary"))
    themes = [("light", "fa-sun"), ("dark", "fa-moon"), ("auto", "fa-circle-half-stroke")]
    found += [Entry(f"Theme: {name}", name, icon, "theme", "mode") for name, icon in themes]
    found.append(Entry("Keyboard shortcuts", "", "fa-keyboard", "shortcuts", "help keys"))
    found.append(Entry("Logout", "", "fa-power-off", "logout", "sign out log out"))
    return found


def users(user: User, text: str) -> list[Entry]:
    if user.role != access.ADMINISTRATOR:
        return []
    rows = matching(User.objects.existing(), USER_SEARCH, text).order_by()[:MOST_READ]
    found = [Entry(row.name, reverse("users:detail", args=[row.username]), "fa-user", detail=row.username) for row in rows]
    return best(found, text)


def tokens(user: User, text: str) -> list[Entry]:
    """An administrator finds every permanent token, everybody else their own."""
    mine: dict[str, Any] = access.owned(user)
    # The keys first and in this order: SQLite then looks through the index that has them, which takes a twentieth of the time.
    found_rows = matching(Token.objects.permanent().filter(**mine), TOKEN_SEARCH, text).order_by("search_key", "pk")
    keys = list(found_rows.values_list("pk", flat=True)[:MOST_READ])
    rows = Token.objects.filter(pk__in=keys).select_related("user").order_by()
    found = [Entry(row.name, reverse("tokens:token", args=[row.pk]), "fa-key", detail=f"{row.hint} · {row.user.username}") for row in rows]
    return best(found, text)


def best(entries: list[Entry], text: str) -> list[Entry]:
    """The first few by name, those that begin with `text` before the others."""
    start = fold(text)
    return sorted(entries, key=lambda entry: (not fold(entry.label).startswith(start), fold(entry.label), entry.url))[:MOST_SHOWN]
