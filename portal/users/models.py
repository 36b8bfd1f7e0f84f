"""Who can own tokens: people, who sign in, and service accounts, which cannot."""

import secrets
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from portal.core import versions
from portal.core.derived_secrets import derive
from portal.core.search_keys import SearchKeyField

USERNAME_MAX, DISPLAY_NAME_MAX = 150, 100
# What an email address or a service's name is made of. Plain letters only, since other services get the name in a header and
# look-alikes would deceive; no slash, space or control character, and no leading dot, since the name is part of an address.
USERNAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_.@+'&=~!$*-]*"
USERNAME = RegexValidator(
    rf"^{USERNAME_PATTERN}\Z",
    "Use an email address, or a name of letters, digits and . _ - + that begins with a letter or a digit.",
)

# What lists of users are searched in.
SEARCH = ("search_key__has",)


# A person who has neither set a password nor signed in by the company.
INVITED = models.Q(is_active=True, kind="person", password__startswith=UNUSABLE_PASSWORD_PREFIX, last_login=None)
ADMINISTRATORS = models.Q(role="administrator", deleted_at=None)
ONLY_SERVICE_ACCOUNTS_PROVISION = models.Q(kind="service") | models.Q(may_provision=False)


def named(username: str) -> models.Q:
    """The user of that name in any case of its letters, by the index of the constraint on it."""
    return models.Q(Exact(Lower("username"), username.lower()))


def new_stamp() -> str:
    return secrets.token_urlsafe(16)


class UserQuerySet(models.QuerySet["User"]):
    def existing(self) -> Self:
        """All but the deleted ones, whose rows are kept because tokens and the audit trail name them."""
        return self.filter(deleted_at=None)

    def in_status(self, status: str) -> Self:
        """Those whose `User.status` is `status`."""
        return self.filter(is_active=status != "inactive").filter(INVITED if status == "invited" else ~INVITED)

    def administrators(self) -> Self:
        """Those who could sign in and administrate right now."""
        return self.existing().filter(role=User.Role.ADMINISTRATOR, kind=User.Kind.PERSON, is_active=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # the stubs know no such base class
    def get_by_natural_key(self, username: str) -> "User":
        return self.existing().get(username=username)


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        USER = "user", "User"
        OPERATOR = "operator", "Operator"
        ADMINISTRATOR = "administrator", "Administrator"

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service account"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INVITED = "invited", "Invited"
        INACTIVE = "inactive", "Inactive"

    username = models.CharField(max_length=USERNAME_MAX, unique=True, validators=[USERNAME])
    email = models.EmailField(blank=True)
    display_name = models.CharField(max_length=DISPLAY_NAME_MAX, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.USER)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    is_active = models.BooleanField(default=True)
    # May ask /oauth/introspect about anybody's token (a gateway's service account); administrators may anyway.
    may_introspect = models.BooleanField(default=False)
    # May create, change and end users and groups by SCIM (portal/scim): the service account of the company's directory.
    may_provision = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Part of every session's hash: a new stamp ends all of this user's sessions, and the temporary tokens that live by them.
    session_stamp = models.CharField(max_length=32, default=new_stamp, editable=False)

    search_key = SearchKeyField("username", "display_name")

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="users_username_once_in_any_case"),
            models.CheckConstraint(condition=models.Q(deleted_at=None) | models.Q(is_active=False), name="users_deleted_is_inactive"),
            models.CheckConstraint(condition=models.Q(kind="person") | models.Q(role="user"), name="users_service_account_has_role_user"),
            models.CheckConstraint(condition=ONLY_SERVICE_ACCOUNTS_PROVISION, name="users_only_service_accounts_provision"),
        ]
        # The few whose tokens the scan leaves out: it need not read all users.
        indexes = [
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="users_not_active"),
            models.Index(fields=["search_key", "id"], name="users_by_name"),
            # Of all rows: PostgreSQL estimates by the statistics of a whole index alone, and reads the table where it has none.
            models.Index(Lower("email"), name="users_by_email"),  # uniqueness.py
            models.Index(fields=["id"], condition=ADMINISTRATORS, name="users_administrators"),  # locked by every change of a user
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def name(self) -> str:
        """What the screens call this user."""
        return self.display_name or self.username

    @property
    def status(self) -> Status:
        """As `UserQuerySet.in_status`."""
        if not self.is_active:
            return self.Status.INACTIVE
        invited = self.kind == self.Kind.PERSON and not self.has_usable_password() and self.last_login is None
        return self.Status.INVITED if invited else self.Status.ACTIVE

    @property
    def may_sign_in(self) -> bool:
        """May this user have a password, and sign in with it?"""
        return self.is_active and self.deleted_at is None and self.kind == self.Kind.PERSON

    @property
    def edited(self) -> dict[str, Any]:
        """What administrators change about a user, by field."""
        return {name: getattr(self, name) for name in ("display_name", "role", "may_introspect", "may_provision", "is_active")}

    @property
    def version(self) -> str:
        """For forms, and the API's ETag. A sign-in does not change it."""
        return versions.version(**self.edited)

    @property
    def is_administrator(self) -> bool:
        return self.role == self.Role.ADMINISTRATOR

    @property
    def can_administrate(self) -> bool:
        """As UserQuerySet.administrators."""
        return self.is_administrator and self.is_active and self.kind == self.Kind.PERSON and self.deleted_at is None

    @property
    def is_staff(self) -> bool:
        """Django's word for "may open the Django admin"."""
        return self.is_active and self.role in (self.Role.ADMINISTRATOR, self.Role.OPERATOR)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """The Django admin is for reading: whatever a library registers there, nobody adds, changes or deletes by it."""
        return self.is_staff and perm.split(".")[-1].startswith("view_")

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's hook for "which sessions are still valid": besides the password, the stamp counts."""
        return derive("portal.users.session", self.password + self.session_stamp, secret).hex()


class Throttle(models.Model):
    """When something limited was tried lately by one address, account or browser (throttle.py)."""

    key = models.CharField(max_length=64, primary_key=True)
    attempts = models.JSONField(default=list)  # seconds since 1970
    ends_at = models.DateTimeField(db_index=True)  # after this the row can go
    audit_kind = "account"  # that is unknown: of a user the audit trail names the user

    def __str__(self) -> str:
        return self.key


class FormerName(models.Model):
    """A username that a user had before (renaming.py). It is not given to anyone else: other services may still know the user by it."""

    name = models.CharField(max_length=USERNAME_MAX)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="former_names")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="users_former_name_once_in_any_case")]

    def __str__(self) -> str:
        return self.name


class SavedFilter(models.Model):
    """A search with filters and an order that a user has given a name, for one list (saved_filters.py)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    list = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)  # of the list's address, without the "?"

    class Meta:
        constraints = [models.UniqueConstraint("user", "list", Lower("name"), name="users_saved_filter_name_once")]

    def __str__(self) -> str:
        return self.name
