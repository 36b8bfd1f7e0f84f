"""The ids and URLs of resources. An id names its kind, since it is unique among all resources of a service (RFC 7643, section 3.1)."""

import re

from django.conf import settings

USER, GROUP = "user", "group"
ENDPOINTS = {USER: "Users", GROUP: "Groups"}
ID = re.compile(r"(user|group)-([1-9][0-9]{0,17})", re.ASCII)


def id_of(kind: str, key: int) -> str:
    return f"{kind}-{key}"


def key_of(kind: str, text: str) -> int | None:
    """The primary key that an id names; None for an id of another kind, or none at all."""
    match = ID.fullmatch(text)
    return int(match[2]) if match and match[1] == kind else None


def url(endpoint: str) -> str:
    return f"{settings.PORTAL_URL}/scim/v2/{endpoint}"


def location(kind: str, key: int) -> str:
    return url(f"{ENDPOINTS[kind]}/{id_of(kind, key)}")
