"""Which usernames and email addresses are free. One name means one user for ever, and one address one existing user: links to set a
password go there. Checked under the lock of the service that writes."""

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from portal.core.errors import Code, ServiceError
from portal.users.models import FormerName, User, named


def check_free(username: str, user: User | None = None) -> None:
    """Raises ServiceError if somebody else than `user` has the name, had it, or has it as the email address."""
    others = User.objects.exclude(pk=user.pk) if user else User.objects.all()
    other = others.filter(named(username)).first()
    if other:
        said = f"A user named {other.username} already exists." if not other.deleted_at else f"{other.username} is a deleted user's name."
        raise ServiceError(said, "username", Code.CONFLICT)
    former = FormerName.objects.filter(reserved(username)).exclude(user=user).select_related("user").first()
    if former:
        raise ServiceError(f"{former.name} was the username of {former.user.username}, and stays reserved.", "username", Code.CONFLICT)
    if others.existing().filter(addressed(username)).exists():
        raise ServiceError(f"{username} is another user's email address.", "username", Code.CONFLICT)


def check_free_email(email: str, user: User | None = None) -> None:
    """Raises ServiceError if somebody else than `user` has the address, as email or as username: links to set a password go there."""
    others = User.objects.existing()
    others = others.exclude(pk=user.pk) if user else others
    if email and others.filter(addressed(email) | named(email)).exists():
        raise ServiceError(f"{email} is another user's email address.", "email", Code.CONFLICT)


def addressed(email: str) -> Q:
    """The users of this email address in any case of its letters, by the index users_by_email."""
    return Q(Exact(Lower("email"), email.lower()), ~Q(email=""), deleted_at=None)


def reserved(username: str) -> Q:
    """The former names that are this one in any case of its letters."""
    return Q(Exact(Lower("name"), username.lower()))
