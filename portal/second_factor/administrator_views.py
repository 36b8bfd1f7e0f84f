"""What an administrator does about the factors of others."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.htmx import rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.second_factor import factors, services
from portal.users.models import User


@require_http_methods(["GET", "POST"])
@access.administrator
def reset(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """The confirmation, and the end of all factors and sessions of a user who has lost them."""
    user = get_object_or_404(User.objects.existing(), username=username)
    back = reverse("users:detail", args=[user.username])
    if request.method == "POST":
        try:
            services.reset(user, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), back)
        return success_response(request, f"Reset two-factor authentication of {user.username}.", back)
    return render(request, "mfa/reset.html", {"owner": user, "factors": factors.of(user), "back": back})
