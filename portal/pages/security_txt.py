"""`/.well-known/security.txt` (RFC 9116): to whom a vulnerability of this portal is reported, if SECURITY_CONTACT says it."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

VALID = timedelta(days=180)  # section 2.5.5 recommends less than a year


def text(contacts: list[str], url: str, now: datetime) -> str:
    """The file for the portal at `url`, the same for a whole day. `contacts`: URIs, the preferred one first."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}" for contact in contacts]
    lines += [f"Expires: {midnight + VALID:%Y-%m-%dT%H:%M:%SZ}", "Preferred-Languages: en", f"Canonical: {url}"]
    return "".join(f"{line}\n" for line in lines)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Public, and the same for everybody. 404 where nobody is named."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    url = settings.PORTAL_URL + reverse("security_txt")
    return HttpResponse(text(settings.SECURITY_CONTACT, url, timezone.now()), content_type="text/plain; charset=utf-8")
