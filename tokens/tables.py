"""The three lists of tokens: on the Profile, on a user's Tokens tab, and in Access Control. One set of columns, three selections."""

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils import timezone

from portal.lists import narrow_column
from tokens import dates
from tokens.models import Token

WHEN = "_when_value.html"
SEARCH = ("name__icontains", "last_four__icontains")
SEARCH_ALL = (*SEARCH, "user__username__icontains", "user__display_name__icontains")


class TokenTable(tables.Table):
    name = tables.Column(verbose_name="Token Name")
    token = tables.TemplateColumn(template_name="tokens/_hint.html", orderable=False, verbose_name="Token")
    user = tables.TemplateColumn(template_name="tokens/_owner.html", order_by="user__username")
    created_at = tables.TemplateColumn(template_name=WHEN, verbose_name="Created")
    last_used_at = tables.TemplateColumn(template_name="tokens/_last_used.html", verbose_name="Last used", empty_values=())
    expires_at = tables.TemplateColumn(template_name="tokens/_last_moment.html", verbose_name="Expires")
    status = tables.TemplateColumn(template_name="tokens/_status.html")

    class Meta:
        order_by = "-created_at"


class OwnTokenTable(TokenTable):
    """Profile: Name, Token, Created, Last used, Expires, Status, Revoke."""

    name = tables.Column(verbose_name="Name")
    token = tables.TemplateColumn(template_name="tokens/_short_hint.html", orderable=False, verbose_name="Token")
    revoke = narrow_column("tokens/_revoke_button.html", "button")

    class Meta:
        order_by = "-created_at"
        exclude = ("user",)


class UserTokenTable(TokenTable):
    """A user's Tokens tab: Token Name, Token, Expiration Date, Created, Last used, Status."""

    menu = narrow_column("tokens/_menu.html")
    expires_at = tables.TemplateColumn(template_name="tokens/_last_moment.html", verbose_name="Expiration Date")

    class Meta:
        order_by = "-created_at"
        exclude = ("user",)
        sequence = ("menu", "name", "token", "expires_at", "created_at", "last_used_at", "status")


class AllTokenTable(TokenTable):
    """Access Control: every permanent token, with its owner and a box for revoking several."""

    token = tables.TemplateColumn(template_name="tokens/_short_hint.html", orderable=False, verbose_name="Token")
    select = narrow_column("tokens/_select.html", "select")
    menu = narrow_column("tokens/_menu.html")

    class Meta:
        order_by = "-created_at"
        sequence = ("select", "menu", "...")


class TokenFilter(django_filters.FilterSet):
    """Access Control's filters: by status, and by how soon a live token expires."""

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
        choices=[("7", "Within 7 days"), ("30", "Within 30 days"), ("90", "Within 90 days")],
    )

    def by_status(self, rows: QuerySet[Token], name: str, value: str) -> QuerySet[Token]:
        return rows.filter(status=value)

    def within(self, rows: QuerySet[Token], name: str, value: str) -> QuerySet[Token]:
        now = timezone.now()
        return rows.live(now).filter(expires_at__lte=dates.due_before(int(value), now))
