"""A user's page, tab Audit: what they did, and what was done to them."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from portal.audit.filters import by_or_about, search
from portal.audit.links import address_of
from portal.audit.models import Entry
from portal.audit.shown import rows
from portal.audit.tables import ShortEntryTable
from portal.core import permissions as access
from portal.core.list_views import list_context
from portal.core.requests import AuthenticatedHttpRequest
from portal.users.models import User


@require_safe
@access.administrator
def user_audit(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    owner = get_object_or_404(User.objects.existing(), username=username)
    entries = by_or_about(Entry.objects.select_related("actor"), owner.pk)
    context = list_context(request, entries, ShortEntryTable, search, empty="No entries.")
    context["list"]["rows"] = rows(context["list"]["rows"], request.user, QueryDict(f"user={owner.pk}"))
    return render(request, "users/audit.html", {"owner": owner, "all_entries": address_of(user=owner.pk), **context})
