"""The scan on System Settings: its last runs, Scan now, the preview of a change; and the health check."""

from datetime import timedelta

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.htmx import post_only, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.tasks import queue_task
from tokens import tasks
from tokens.expiry import health as scan_health
from tokens.expiry import panels, preview
from tokens.models import ScanRun

LATER = {"3": 2, "2": 1}  # how many requests follow this one


@require_safe
@access.administrator
def scans(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The last scans, as a part of System Settings. Polled while one runs, and a few times after something was changed (`later`).
    When one has finished since what the page shows (`seen`), the rest of the page is updated."""
    if not request.htmx:
        return redirect("settings:config")
    context = panels.scans(timezone.now())
    is_news = request.GET.get("seen", context["seen"]) != context["seen"]
    later = 0 if is_news else LATER.get(request.GET.get("later", ""), 0)
    response = render(request, "tokens/_scans.html", context | {"later": later})
    if is_news:
        response["HX-Trigger"] = "scan-finished"
    return response


@post_only("settings:config")
@access.administrator
def scan_now(request: AuthenticatedHttpRequest) -> HttpResponse:
    back = reverse("settings:config")
    if running := panels.running(timezone.now()):
        return rejected_response(request, f"A scan is already running, since {timezone.localtime(running.started_at):%H:%M:%S %Z}.", back)
    queue_task(tasks.scan_tokens, triggered_by=ScanRun.Trigger.PERSON, person_id=request.user.pk)
    return success_response(request, "Scan requested. It will appear below shortly.", back)


@post_only("settings:config")
@access.administrator
def preview_change(request: HttpRequest) -> HttpResponse:
    """What a scan would do if the form's key had the form's value; without a value, if the key were deleted."""
    words = preview.words(request.POST.get("key", ""), request.POST.get("value"), timezone.now())
    return render(request, "tokens/_scan_preview_words.html", {"words": words})


@never_cache
@require_safe
def health_check(request: HttpRequest) -> HttpResponse:
    """200 while scans finish, 503 when none has for twice the interval. For monitors; needs neither beat nor a worker to be running."""
    try:
        health = scan_health.check(timezone.now())
    except Error:
        return JsonResponse({"status": "unknown"}, status=503)
    last = health.since.isoformat(timespec="seconds") if health.since and health.scanned else None
    content = {
        "status": "overdue" if health.overdue else "ok",
        "last_scan": last,
        "limit_minutes": scan_health.limit() // timedelta(minutes=1),
    }
    return JsonResponse(content, status=503 if health.overdue else 200)
