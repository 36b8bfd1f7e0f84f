"""Groups of people, whose role the directory decides, and who owns service accounts."""

import unicodedata
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from portal.core.search_keys import SearchKeyField
from portal.users.models import User

NAME_MAX, DESCRIPTION_MAX = 255, 200  # both together, in any script, fit into an index of PostgreSQL (2,704 bytes)
KEY_MAX = 2 * NAME_MAX  # `casefold` makes some letters two, and a few three
SEARCH = ("search_key__has",)


def same_name(name: str) -> str:
    """The form in which two spellings of a group's name are equal: in Unicode's form NFC and without case, on both databases."""
    return unicodedata.normalize("NFC", name).casefold()


class NameKeyField(models.CharField):  # type: ignore[type-arg]  # Django's own is not generic
    """What two groups of a kind can't have in common, written whenever the row is saved. Claim groups are compared as they are written:
    two names of a provider that differ in case can be two groups with different members."""

    def pre_save(self, instance: models.Model, add: bool) -> str:
        assert isinstance(instance, Group)
        instance.name_key = instance.name if instance.source == Group.Source.CLAIM else same_name(instance.name)
        return instance.name_key


class Group(models.Model):
    """`source`: who decides about the members: administrators, SCIM, or the claims of company sign-ins."""

    class Source(models.TextChoices):
        MANUAL = "manual", "Manual"
        SCIM = "scim", "SCIM"
        CLAIM = "claim", "Company sign-in"

    name = models.CharField(max_length=NAME_MAX)
    name_key = NameKeyField(max_length=KEY_MAX, editable=False)
    description = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.MANUAL)
    created_at = models.DateTimeField(editable=False)
    search_key = SearchKeyField("name", "description")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("name_key", condition=~Q(source="claim"), name="directory_group_name_once"),
            # A namespace of their own: what a provider calls its groups must neither fail a sign-in nor add to somebody else's group.
            models.UniqueConstraint("name_key", condition=Q(source="claim"), name="directory_claim_group_name_once"),
        ]
        indexes = [models.Index(fields=["search_key", "id"], name="directory_group_by_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint("group", "user", name="directory_member_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"


class ManagedUser(models.Model):
    """A user whose role the directory decides (roles.py): by the claims of company sign-ins, by SCIM, or by both. All others keep the
    role that an administrator gave them."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="managed")
    by_claim = models.BooleanField(default=False)
    by_scim = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.user)


class OwnershipQuerySet(models.QuerySet["Ownership"]):
    def active(self) -> Self:
        """Those by which somebody who could sign in is reached: an active person, or a group with an active member."""
        return self.active_people(User.objects.filter(is_active=True))

    def active_without(self, leaving: User) -> Self:
        """Those that would be left if `leaving` were not active."""
        return self.active_people(User.objects.filter(is_active=True).exclude(pk=leaving.pk))

    def reachable(self) -> Self:
        """Those by which an email reaches somebody."""
        return self.active_people(User.objects.filter(is_active=True).exclude(email=""))

    def active_people(self, people: Any) -> Self:
        members = Membership.objects.filter(group=OuterRef("group"), user__in=people)
        return self.filter(Q(user__in=people) | Exists(members))


class Ownership(models.Model):
    """A person or a group that looks after a service account, and gets its notifications."""

    service_account = models.ForeignKey(User, on_delete=models.PROTECT, related_name="owners")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="owned")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="owned")

    objects = OwnershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, group__isnull=False) | Q(user__isnull=False, group=None), name="directory_owner_is_user_or_group"
            ),
            models.CheckConstraint(condition=~Q(user=models.F("service_account")), name="directory_owner_is_another"),
            models.UniqueConstraint("service_account", "user", name="directory_owner_user_once"),
            models.UniqueConstraint("service_account", "group", name="directory_owner_group_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group} owns {self.service_account}"

    @property
    def owner(self) -> Any:
        """The person or the group."""
        return self.user or self.group
