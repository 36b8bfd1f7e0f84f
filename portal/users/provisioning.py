"""What a directory may do to users: rules for actors that have only the permission to provision (SCIM), beside those of everybody.

Such an actor is a service account. It reaches people, and neither service accounts nor roles and permissions: what its token can do is
bounded by these checks, which the services make under their lock.
"""

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users.models import User


class Protected(ServiceError):
    """A directory may not do this to this user."""


def is_directory(actor: Actor | None) -> bool:
    """Does `actor`, whom `portal.core.permissions.lock` has let pass, act by the permission to provision alone?"""
    return actor is not None and actor.user.kind == User.Kind.SERVICE


def check_new(actor: Actor | None, person: bool, role: str) -> None:
    """Raises Protected unless a directory creates a person with the role User: roles come from the mapping of groups."""
    if is_directory(actor) and (not person or role != User.Role.USER):
        raise Protected("A directory can only create people with the role User.")


def check_target(actor: Actor | None, user: User) -> None:
    """Raises Protected unless a directory changes a person."""
    if is_directory(actor) and user.kind != User.Kind.PERSON:
        raise Protected("A directory can't change service accounts.")
