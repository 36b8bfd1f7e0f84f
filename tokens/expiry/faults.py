"""The faults that the scan raises and clears: one statement for each kind, however many tokens there are."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from portal.faults import services as faults
from tokens.expiry.database import DASHED, ENDS, JSON, instant, portal_zone
from tokens.expiry.queries import SOURCE, Look, of_active

IN_USE = "token-expired-in-use"
NOBODY = "nobody-to-notify"
USED_WITHIN = timedelta(days=30)  # before its end
QUIET_AFTER = timedelta(days=7)
EARLIER = {  # so many days of 24 hours, to the microsecond, on both
    "postgresql": "t.expires_at - %(used_days)s * interval '24 hours'",
    "sqlite": "date(t.expires_at, '-' || %(used_days)s || ' days') || substr(t.expires_at, 11)",
}
HOLE = "HOLE"  # stands for a part of an address that each row fills


def raise_due(look: Look) -> int:
    """*API token expires soon* says when the token ends, never "in 15 days": it stays open while the days go by."""
    text = f"'The API token ' || t.name || ' of ' || u.username || ' expires ' || {ENDS[look.vendor]} || '.'"
    select = look.due(columns(look, "API token expires soon", text, "warning"))
    with portal_zone():
        return faults.raise_selected(SOURCE, select, look.values | links(), look.now)


def clear_due(look: Look) -> int:
    """The faults of tokens that are due no more. `look` must be at all tokens, or at all that may be otherwise than they were."""
    among = look.touched_keys() if look.since else None
    return faults.clear_others(SOURCE, look.due(f"{look.key} AS key"), look.values, look.now, among)


def follow_ended(look: Look) -> None:
    """*Token expired, still in use*: from its end until it is replaced, revoked, or quiet for a week. Somebody's pipeline broke."""
    values = look.values | links() | ended_values(look)
    end = f"' expired ' || {ENDS[look.vendor]} || ', and something still needs it.'"
    text = f"'The API token ' || t.name || ' of ' || u.username || {end}"
    with portal_zone():
        faults.raise_selected(IN_USE, ended(look, columns(look, "Token expired, still in use", text, "critical")), values, look.now)
    faults.clear_others(IN_USE, ended(look, f"{look.key} AS key"), values, look.now)


def ended(look: Look, chosen: str) -> str:
    """Two selections, each by an index of its own: what ended lately and was used until then, and what is lately refused. Without
    days in Config there is nothing."""
    over = f"t.expires_at <= %(now)s AND t.holds_name{'' if look.rules.thresholds else ' AND 1 = 0'}"
    used = f"t.expires_at > %(quiet)s AND t.last_used_at >= {EARLIER[look.vendor]}"
    refused = "t.refused_at > %(quiet)s AND t.refused_at >= t.expires_at"
    return f"{of_active(chosen, f'{over} AND {used}')} UNION {of_active(chosen, f'{over} AND {refused}')}"


def ended_values(look: Look) -> dict[str, Any]:
    return {"quiet": instant(look.now - QUIET_AFTER), "used_days": USED_WITHIN.days}


def note_unreachable(look: Look) -> None:
    """*Nobody to notify*: owners are told of their own tokens, this one has no address, and no other is configured."""
    if not look.rules.nobody_is_named:
        clear_all(NOBODY, look)
        return
    array, item = JSON[look.vendor]
    of_owner = f"SELECT DISTINCT u.id, u.username FROM ({look.due('u.id, u.username, u.email')}) AS u WHERE u.email = ''"  # noqa: S608
    select = f"""SELECT CAST(u.id AS text) AS key, 'Nobody to notify', u.username,
        'Tokens of ' || u.username || ' expire soon. This user has no email address, and Config names none.', 'critical',
        {array}({link(item, "'User'", "user_page", "u.username", "user_admin", "u.id")}) FROM ({of_owner}) AS u"""  # noqa: S608
    faults.raise_selected(NOBODY, select, look.values | links(), look.now)
    faults.clear_others(NOBODY, f"SELECT CAST(id AS text) AS key FROM ({of_owner}) AS u", look.values, look.now)  # noqa: S608


def clear_all(source: str, look: Look) -> None:
    faults.clear_others(source, "SELECT NULL AS key WHERE 1 = 0", {}, look.now)


def columns(look: Look, name: str, text: str, severity: str) -> str:
    """A fault's columns out of a token `t` and its owner `u`."""
    array, item = JSON[look.vendor]
    page = "%(token_page)s || u.username || %(token_page_end)s || '?q=' || t.last_four"
    token = f"{item}('label', 'Token', 'url', {page}, 'admin_url', {around('token_admin', DASHED[look.vendor])})"
    return f"""{look.key} AS key, '{name}', t.name || ' (tpp_…' || t.last_four || ')', {text}, '{severity}',
        {array}({token}, {link(item, "'User ' || u.username", "user_page", "u.username", "user_admin", "u.id")})"""


def link(item: str, label: str, page: str, page_value: str, admin: str, admin_value: str) -> str:
    return f"{item}('label', {label}, 'url', {around(page, page_value)}, 'admin_url', {around(admin, admin_value)})"


def around(name: str, value: str) -> str:
    return f"%({name})s || {value} || %({name}_end)s"


def links() -> dict[str, str]:
    """The addresses of pages, cut where a row's own name goes in. A username needs no quoting in an address (portal.users.converters)."""
    pages = {
        "token_page": reverse("tokens:user_tokens", args=[HOLE]),
        "token_admin": reverse("admin:tokens_token_change", args=[HOLE]),
        "user_page": reverse("users:detail", args=[HOLE]),
        "user_admin": reverse("admin:users_user_change", args=[HOLE]),
    }
    cut = {name: address.split(HOLE) for name, address in pages.items()}
    return {name: before for name, (before, _) in cut.items()} | {f"{name}_end": after for name, (_, after) in cut.items()}
