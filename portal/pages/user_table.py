"""The list of users: its columns, filters and file. It shows tokens, which the users app must not know."""

from datetime import datetime

import django_filters
import django_tables2 as tables
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.core.csv_export import Columns
from portal.core.keyset import Part
from portal.core.tables import ListTable
from portal.directory import owner_faults
from portal.second_factor import factors
from portal.users.models import INVITED, User, UserQuerySet
from tokens import services
from tokens.models import Token


class UserTable(ListTable):
    list_name = "users"
    rows_template = "users/_rows.html"
    exports = True
    # By status: active, invited, inactive.
    orders = {"is_active": [Part(condition, ("search_key",)) for condition in (Q(is_active=True) & ~INVITED, INVITED, Q(is_active=False))]}

    username = tables.Column(order_by="search_key")
    role = tables.Column(verbose_name="Roles")
    live = tables.Column(verbose_name="Tokens")
    last_login = tables.Column()
    is_active = tables.Column(verbose_name="Status")

    class Meta:
        order_by = "username"


CSV_COLUMNS: Columns = {
    "ID": lambda user: user.pk,
    "Username": lambda user: user.username,
    "Display name": lambda user: user.display_name,
    "Roles": lambda user: user.role,
    "Kind": lambda user: user.kind,
    "Active tokens": lambda user: user.live,
    "Expiring tokens": lambda user: user.expiring,
    "Last login": lambda user: user.last_login,
    "Created": lambda user: user.created_at,
    "Status": lambda user: user.status.value,
}


UNOWNED = "unowned"
KINDS = [*User.Kind.choices, (UNOWNED, "Service account without owner")]


class UserFilter(django_filters.FilterSet):
    """By role, kind and status, those with tokens that expire soon, with or without a second factor, and service accounts without an
    active owner. A value that makes no sense filters nothing out."""

    role = django_filters.ChoiceFilter(label="Role", empty_label="Any role", choices=User.Role.choices)
    kind = django_filters.ChoiceFilter(label="Kind", empty_label="Any kind", choices=KINDS, method="by_kind")
    status = django_filters.ChoiceFilter(label="Status", empty_label="Any status", choices=User.Status.choices, method="by_status")
    tokens = django_filters.ChoiceFilter(
        label="Tokens", empty_label="Any tokens", choices=[("expiring", "Expiring soon")], method="with_expiring_tokens"
    )

    two_factor = django_filters.ChoiceFilter(
        label="Two-factor", empty_label="Any", choices=[("on", "On"), ("off", "Off")], method="by_second_factor"
    )

    def by_second_factor(self, rows: UserQuerySet, name: str, value: str) -> UserQuerySet:
        """`off`: people alone, since a service account can't sign in."""
        has_one = factors.owned_by(OuterRef("pk"))
        return rows.filter(has_one) if value == "on" else rows.filter(~has_one, kind=User.Kind.PERSON)

    def by_kind(self, rows: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return rows.filter(pk__in=owner_faults.without_owner().values("pk")) if value == UNOWNED else rows.filter(kind=value)

    def by_status(self, rows: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return rows.in_status(value)

    def with_expiring_tokens(self, rows: UserQuerySet, name: str, value: str) -> UserQuerySet:
        now = timezone.now()
        soon = Token.objects.permanent().active(now).filter(expires_at__lte=services.expiring_before(now))
        return rows.filter(Exists(soon.filter(user=OuterRef("pk"))))


def with_token_counts(users: QuerySet[User], now: datetime) -> QuerySet[User]:
    """Annotates `live` and `expiring`: how many valid permanent tokens each user has, and how many of them expire soon."""
    theirs = Token.objects.permanent().active(now).filter(user=OuterRef("pk")).order_by().values("user")
    soon = Q(expires_at__lte=services.expiring_before(now))
    return users.annotate(
        live=Coalesce(Subquery(theirs.annotate(n=Count("pk")).values("n")), 0),
        expiring=Coalesce(Subquery(theirs.annotate(n=Count("pk", filter=soon)).values("n")), 0),
    )
