"""Access Control: revoking all tokens that match the list's filter, and how far that is."""

from datetime import datetime, timedelta
from typing import cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.htmx import post_only, rejected_response
from portal.core.list_views import search_text
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.tasks import queue_task
from tokens import bulk, services
from tokens.models import BulkRevocation, Token, TokenQuerySet
from tokens.tables import TokenFilter
from tokens.tasks import revoke_in_bulk

TYPED_FROM = 26  # so many tokens need their number typed in
LONGEST_QUERY = 4000  # characters
SHOWN = 5


def rows_of(query: QueryDict, now: datetime) -> TokenQuerySet | None:
    """The tokens that Access Control lists for `query` and that can be revoked. None if a filter in it makes no sense: the list ignores
    such a filter, and here that would mean more tokens."""
    filterset = TokenFilter(query, Token.objects.listed(now, services.expiring_before(now)))
    if not filterset.is_valid():
        return None
    rows, text = cast(TokenQuerySet, filterset.qs), search_text(query.get("q", ""))
    return (rows.found(text) if text else rows).filter(revoked_at=None)


def moment(text: str, now: datetime) -> datetime:
    """When the confirmation was opened, from its form: tokens created after that are not revoked. `now` if it is missing or later."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    return found if found and found.tzinfo and now - timedelta(days=1) < found < now else now


@post_only("tokens:all")
@access.administrator
def revoke_matching(request: AuthenticatedHttpRequest) -> HttpResponse:
    """First the confirmation that says how many, then the job. If their number has changed meanwhile, the confirmation again."""
    now, back, text = timezone.now(), reverse("tokens:all"), request.POST.get("query", "")
    if len(text) > LONGEST_QUERY:  # cut short, it could match more
        return rejected_response(request, "The search and filters are too long.", back)
    as_of, query = moment(request.POST.get("as_of", ""), now), QueryDict(text)
    matching_now = rows_of(query, now)
    rows = Token.objects.none() if matching_now is None else matching_now.filter(created_at__lte=as_of)
    count = rows.count()
    if not count:
        return rejected_response(request, "None of the matching tokens can be revoked.", back)
    if is_confirmed(request.POST, count):
        try:
            job = bulk.start(rows, access.actor_of(request), now, confirmed=count)
        except bulk.NumberChanged:
            count = rows.count()
        else:
            queue_task(revoke_in_bulk)
            return revocation_page(request, job) if request.htmx else redirect("tokens:revocation", job.pk)
    context = {
        "count": count,
        "needs_typing": count >= TYPED_FROM,
        "changed": "confirmed" in request.POST and request.POST["confirmed"] != str(count),
        "query": query.urlencode(),
        "as_of": as_of.isoformat(),
        "tokens": rows.order_by("-created_at", "pk")[:SHOWN],
        "more": max(0, count - SHOWN),
        "created": rows.filter(has_created=True).exists(),  # type: ignore[misc]  # annotated by listed
        "back": f"{back}?{query.urlencode()}",
    }
    return render(request, "tokens/revoke_matching.html", context)


def is_confirmed(data: QueryDict, count: int) -> bool:
    """Has the form that was submitted confirmed this number, by typing it if it is large?"""
    return data.get("confirmed") == str(count) and (count < TYPED_FROM or data.get("typed", "").strip().replace(",", "") == str(count))


@require_safe
@access.administrator
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a revocation is. The page asks for its part with the progress again until it is finished."""
    job = get_object_or_404(BulkRevocation.objects.select_related("person"), pk=pk)
    return revocation_page(request, job)


def revocation_page(request: HttpRequest, job: BulkRevocation) -> HttpResponse:
    htmx = getattr(request, "htmx", None)
    part = bool(htmx and htmx.target == "revocation")
    response = render(request, "tokens/_revocation.html" if part else "tokens/revocation.html", {"job": job, "back": reverse("tokens:all")})
    if part and job.finished_at:
        response["HX-Trigger"] = "list-changed"
    return response
