"""The value of the key *Roles by Group*: lines such as `Platform Admins = administrator`."""

import unicodedata

ROLES = ("user", "operator", "administrator")  # the lowest first
MAX_GROUPS = 200
GROUP_LENGTH = 255
Pairs = tuple[tuple[str, str], ...]


def parse(text: str) -> Pairs:
    """The groups with their roles, in the order of the lines. Raises ValueError that names the line. A group's name can have a `=`."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.strip().splitlines(), 1):
        if not line.strip():
            continue
        group, role = pair(line, number)
        if group in found:
            raise ValueError(f"Line {number}: '{group[:80]}' is listed twice.")
        found[group] = role
    if len(found) > MAX_GROUPS:
        raise ValueError(f"{len(found)} groups are too many: at most {MAX_GROUPS}.")
    return tuple(found.items())


def pair(line: str, number: int) -> tuple[str, str]:
    """A line's group, in Unicode's form NFC as groups are stored, and its role."""
    group, equals, role = line.rpartition("=")
    group, role = unicodedata.normalize("NFC", group.strip()), role.strip().lower()
    if not equals or not group:
        raise ValueError(f"Line {number}: write a group and its role, for example Platform Admins = administrator.")
    if len(group) > GROUP_LENGTH:
        raise ValueError(f"Line {number}: the group's name must be {GROUP_LENGTH} characters or fewer.")
    if role not in ROLES:
        raise ValueError(f"Line {number}: '{role[:40]}' is not a role. Use {', '.join(ROLES[:-1])} or {ROLES[-1]}.")
    return group, role


def format_pairs(pairs: Pairs) -> str:
    """As it is stored: a line for each group."""
    return "\n".join(f"{group} = {role}" for group, role in pairs)
