"""The dialogs that deactivate and delete a user. They say before Submit which tokens end and which service accounts lose their last owner,
and hand these over in the same transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core import versions
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.directory import owners, search
from portal.directory.forms import HandOverForm
from portal.directory.parts import Part
from portal.users import services
from portal.users.forms import DeleteUserForm
from portal.users.models import User
from portal.users.views import existing, own_account, page_of
from tokens.models import Token


class DeleteForm(HandOverForm, DeleteUserForm):
    """The new owner, and the typed confirmation."""

    field_order = ["new_owner", "confirm"]


def consequences(user: User, now: datetime) -> dict[str, Any]:
    """What ends with the access of `user`: tokens, and the last active owner of service accounts."""
    owned = owners.owned_by(user) if user.kind == User.Kind.PERSON else User.objects.none()
    losing = owners.losing(user) if user.kind == User.Kind.PERSON else User.objects.none()
    tokens = Token.objects.permanent().active(now).filter(user=user)
    found = {"ending": Part.of(tokens.order_by("name", "pk")), "losing": Part.of(losing.order_by("username"))}
    return found | {"shared": max(0, owned.filter(is_active=True).count() - found["losing"].total)}


def end(request: HttpRequest, user: User, form: forms.Form, service: Callable[..., None]) -> None:
    """Hands over what would be without an owner, and ends the access: both or neither. Raises ServiceError."""
    actor = access.actor_of(request)
    with transaction.atomic():
        search.hand_over(user, form.cleaned_data.get("new_owner", ""), actor, timezone.now(), "new_owner")
        service(user, actor, read=versions.of_form(request.POST))


@require_http_methods(["GET", "POST"])
@access.administrator
def deactivate(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """GET asks, POST does. What was asked about another state of the user is asked again."""
    user, context = existing(username), {}
    if request.method != "POST" and user == request.user:
        return own_account(request, "deactivate")
    ends = consequences(user, timezone.now())
    form = HandOverForm(form_data(request), losing=bool(ends["losing"].total))
    if request.method == "POST" and form.is_valid():
        try:
            end(request, user, form, services.deactivate)
        except services.UserChanged as error:
            user, context["conflict"] = error.user, str(error)
        except ServiceError as error:
            if error.field is None:
                return rejected_response(request, str(error), page_of(user))
            form.add_error("new_owner", str(error))
        else:
            return success_response(request, f"Deactivated {user.username}.", page_of(user))
    context |= ends | {"owner": user, "back": page_of(user), "version": user.version}
    return form_page(request, "end_access/deactivate.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def delete(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    user, context = existing(username), {}
    if request.method != "POST" and user == request.user:
        return own_account(request, "delete")
    ends = consequences(user, timezone.now())
    form = DeleteForm(form_data(request), username=user.username, losing=bool(ends["losing"].total))
    if request.method == "POST" and form.is_valid():
        try:
            end(request, user, form, services.delete)
        except services.UserChanged as error:
            user, context["conflict"] = error.user, str(error)
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Deleted {user.username}.", reverse("users:list"), navigate=True)
    context |= ends | {"owner": user, "back": page_of(user), "version": user.version}
    return form_page(request, "end_access/delete.html", form, **context)
