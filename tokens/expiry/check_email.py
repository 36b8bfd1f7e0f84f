"""The dialog *Send a test email*, for the addresses that expiry notifications go to."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

import settings_app.services as config
from portal.core import checks
from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest
from portal.notifications.channels import test_email
from settings_app.registry import KEYS

ADDRESSES = "token_expiration_emails"


@require_http_methods(["GET", "POST"])
@access.administrator
def send_test_email(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Confirms, then shows what the mail server answers for each address of Config."""
    addresses = config.get(ADDRESSES)
    context = {
        "addresses": addresses,
        "results": test_email.send_to_each(addresses, request.user.username) if request.method == "POST" else [],
        "label": KEYS[ADDRESSES].label,
        "seconds": test_email.MAX_SECONDS,
        "to_files": settings.EMAIL is None,
        "sender_problem": checks.sender_problem(),
        "back": reverse("settings:config"),
    }
    return render(request, "tokens/test_email.html", context)
