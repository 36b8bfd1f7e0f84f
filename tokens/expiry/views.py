"""What System Settings asks of the scan: its last runs, Scan now, the preview of a change; and the health check."""

from datetime import timedelta

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.htmx import done, post_only, refused
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.tasks import look_now
from tokens import tasks
from tokens.expiry import health as watch
from tokens.expiry import panel as scan_card
from tokens.expiry import preview as scan_preview
from tokens.models import ScanRun

LATER = {"3": 2, "2": 1}  # how many looks are left after this one


@require_safe
@access.administrator
def scans(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The last scans, as a part of System Settings. Polled while one runs, and a few times after something was changed (`later`).
    When one has finished since what the page shows (`seen`), the rest of the page is told so."""
    if not request.htmx:
        return redirect("settings:config")
    card = scan_card.content(timezone.now())
    is_news = request.GET.get("seen", card["seen"]) != card["seen"]
    later = 0 if is_news else LATER.get(request.GET.get("later", ""), 0)
    response = render(request, "tokens/_scans.html", card | {"later": later})
    if is_news:
        response["HX-Trigger"] = "scan-finished"
    return response


@post_only("settings:config")
@access.administrator
def scan_now(request: AuthenticatedHttpRequest) -> HttpResponse:
    back = reverse("settings:config")
    if running := scan_card.running(timezone.now()):
        return refused(request, f"A scan is running already, since {timezone.localtime(running.started_at):%H:%M:%S %Z}.", back)
    look_now(tasks.scan_tokens, asked_by=ScanRun.Asker.PERSON, person_id=request.user.pk)
    return done(request, "A scan is asked for. It shows under Scans once a worker takes it up.", back)


@post_only("settings:config")
@access.administrator
def preview(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What a scan would do if the form's key had the form's value; without a value, if the key were deleted."""
    words = scan_preview.words(request.POST.get("key", ""), request.POST.get("value"), timezone.now())
    return render(request, "tokens/_scan_preview_words.html", {"words": words})


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 while scans finish, 503 when none has for twice the interval. For monitors; needs neither beat nor a worker to answer."""
    try:
        seen = watch.notice(timezone.now())
    except Error:
        return JsonResponse({"status": "unknown"}, status=503)
    last = seen.since.isoformat(timespec="seconds") if seen.since and seen.scanned else None
    answer = {"status": "overdue" if seen.overdue else "ok", "last_scan": last, "limit_minutes": watch.limit() // timedelta(minutes=1)}
    return JsonResponse(answer, status=503 if seen.overdue else 200)
