"""The bell in the top bar: how many faults nobody has acknowledged, and the newest of them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest
from portal.faults.models import Fault

MOST_COUNTED = 1000
MOST_LISTED = 8


def count() -> int:
    """How many faults are open and not acknowledged; MOST_COUNTED if there are more. Read from one partial index."""
    return Fault.objects.unacknowledged()[:MOST_COUNTED].count()


@require_safe
@access.operator
def button(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The bell as it is now, for a page that has been open for a while. 204 if it still shows the same number, `shown`."""
    now = count()
    if request.GET.get("shown") == str(now):
        return HttpResponse(status=204)
    return render(request, "_bell.html", {"open_faults": now})


@require_safe
@access.operator
def newest(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What the bell's menu lists."""
    faults = list(Fault.objects.unacknowledged().order_by("-raised_at", "-pk")[:MOST_LISTED])
    return render(request, "_bell_menu.html", {"faults": faults})
