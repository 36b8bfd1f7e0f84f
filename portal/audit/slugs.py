"""The slug of an entry: a stable name of what happened, such as `token.revoked`, by which entries are filtered."""

from collections.abc import Mapping, Sequence

CREATE, UPDATE, DELETE = "created", "changed", "deleted"

# A change of one of these fields has a name of its own: by kind and field, and where it depends on it, the value afterwards.
ACTIONS = {
    ("token", "revoked_at", ""): "revoked",
    ("user", "role", ""): "role_changed",
    ("user", "username", ""): "renamed",
    ("user", "email", ""): "email_changed",
    ("user", "joined_group", ""): "joined_group",
    ("user", "left_group", ""): "left_group",
    ("user", "owners", ""): "owners_changed",
    ("user", "new_owner", ""): "owners_changed",
    ("user", "is_active", "True"): "activated",
    ("user", "is_active", "False"): "deactivated",
    ("group", "added", ""): "members_changed",
    ("group", "removed", ""): "members_changed",
    ("fault", "state", "Open"): "reopened",
    ("fault", "state", "Acknowledged"): "acknowledged",
    ("fault", "state", "Cleared"): "cleared",
    ("fault", "note", ""): "note_added",
}


def slug(kind: str, action: str, changes: Mapping[str, Sequence[str]]) -> str:
    """`kind`: the target's; `action`: CREATE, UPDATE or DELETE; `changes`: before and after, by field."""
    if action == UPDATE:
        for field, (_, after) in changes.items():
            if special := ACTIONS.get((kind, field, after)) or ACTIONS.get((kind, field, "")):
                return f"{kind}.{special}"
    return f"{kind}.{action}"
