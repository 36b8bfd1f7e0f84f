"""The three lists of tokens: on the Profile, on a user's Tokens tab, and in Access Control. One set of columns, three selections."""

from datetime import date

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from portal.core.csv_export import Columns
from portal.core.days import DayFilter
from portal.core.keyset import Part
from portal.core.tables import ListTable, narrow_column
from portal.users.models import User
from tokens import dates, services
from tokens.models.token import TokenQuerySet

SEARCH = ("search_key__has",)  # within the tokens of one user


class TokenTable(ListTable):
    rows_template = "tokens/_rows.html"
    # By status: what ends last comes first, and what is revoked comes after all that is not.
    orders = {"status": [Part(Q(revoked_at__isnull=revoked), ("expires_at",), descending=True) for revoked in (True, False)]}

    name = tables.Column(verbose_name="Token Name", order_by="search_key")
    token = tables.Column(orderable=False, verbose_name="Token")
    user = tables.Column(order_by="user__search_key")
    created_at = tables.Column(verbose_name="Created")
    last_used_at = tables.Column(verbose_name="Last used")
    expires_at = tables.Column(verbose_name="Expires")
    status = tables.Column()

    class Meta:
        order_by = "-created_at"


class OwnTokenTable(TokenTable):
    """Profile: Name, Token, Created, Last used, Expires, Status, Revoke."""

    list_name = "own-tokens"
    name = tables.Column(verbose_name="Name", order_by="search_key")
    revoke = narrow_column()

    class Meta:
        order_by = "-created_at"
        exclude = ("user",)


class UserTokenTable(TokenTable):
    """A user's Tokens tab: Token Name, Token, Expiration Date, Created, Last used, Status."""

    list_name = "user-tokens"
    menu = narrow_column()
    expires_at = tables.Column(verbose_name="Expiration Date")

    class Meta:
        order_by = "-created_at"
        exclude = ("user",)
        sequence = ("menu", "name", "token", "expires_at", "created_at", "last_used_at", "status")


class AllTokenTable(TokenTable):
    """Access Control: every permanent token, with its owner and a box for revoking several."""

    list_name = "tokens"
    exports = True
    select = narrow_column()
    menu = narrow_column()

    class Meta:
        order_by = "-created_at"
        sequence = ("select", "menu", "...")


CSV_COLUMNS: Columns = {
    "ID": lambda token: token.pk,
    "Token Name": lambda token: token.name,
    "Token": lambda token: token.hint,
    "User": lambda token: token.user.username,
    "Created": lambda token: token.created_at,
    "Created by": lambda token: token.created_by and token.created_by.username,
    "Created with": lambda token: token.created_with_id,
    "Last used": lambda token: token.last_used_at,
    "Expires": lambda token: token.last_moment,
    "Status": lambda token: token.status,
    "Revoked": lambda token: token.revoked_at,
}


CREATOR = forms.TextInput(attrs={"placeholder": "Username", "autocomplete": "off"})


class TokenFilter(django_filters.FilterSet):
    """Access Control's filters: by status, and by when a live token expires. A value that makes no sense filters nothing out."""

    status = django_filters.ChoiceFilter(
        label="Status",
        empty_label="Any status",
        method="by_status",
        choices=[("active", "Active"), ("expiring", "Expiring"), ("expired", "Expired"), ("revoked", "Revoked")],
    )
    expires = django_filters.ChoiceFilter(
        label="Expires within",
        empty_label="Any expiry",
        method="within",
        choices=[("7", "7 days"), ("30", "30 days"), ("90", "90 days")],
    )
    created_by = django_filters.CharFilter(label="Created by", method="by_creator", widget=CREATOR)
    created_with = django_filters.UUIDFilter(field_name="created_with", widget=forms.HiddenInput)
    expires_from = DayFilter(label="Expires from", method="from_day")
    expires_to = DayFilter(label="Expires to", method="to_day")

    def by_status(self, rows: TokenQuerySet, name: str, value: str) -> TokenQuerySet:
        now = timezone.now()
        return rows.having_status(value, now, services.expiring_before(now))

    def by_creator(self, rows: TokenQuerySet, name: str, value: str) -> TokenQuerySet:
        """The username in any case, which is unique; looked up first, so that the index of creators finds their tokens."""
        creators = User.objects.annotate(lower=Lower("username")).filter(lower=value.lower())
        return rows.filter(created_by__in=list(creators.order_by().values_list("pk", flat=True)))

    def within(self, rows: TokenQuerySet, name: str, value: str) -> TokenQuerySet:
        now = timezone.now()
        return rows.active(now).filter(expires_at__lte=dates.due_before(int(value), now))

    def from_day(self, rows: TokenQuerySet, name: str, value: date) -> TokenQuerySet:
        return rows.active(timezone.now()).filter(expires_at__gt=dates.start_of(value))

    def to_day(self, rows: TokenQuerySet, name: str, value: date) -> TokenQuerySet:
        return rows.active(timezone.now()).filter(expires_at__lte=dates.end_of(value))
