"""Pane *Create User*: with an owner of a service account, which the users app does not know, below the fields of its document."""

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.directory import owners, search
from portal.directory.forms import OWNER_HELP, owner_field
from portal.users import services
from portal.users.forms import CreateUserForm
from portal.users.models import User


class MoreOptionsForm(forms.Form):
    owner = owner_field("Owner", f"Of a service account: who gets its notifications. {OWNER_HELP}", required=False)


@require_http_methods(["GET", "POST"])
@access.administrator
def create(request: AuthenticatedHttpRequest) -> HttpResponse:
    form, more = CreateUserForm(form_data(request)), MoreOptionsForm(form_data(request))
    back = reverse("users:list")
    if request.method == "POST" and form.is_valid() and more.is_valid():
        try:
            user = create_with_owner(form, more.cleaned_data["owner"], access.actor_of(request))
        except ServiceError as error:
            if error.field == "owners":
                more.add_error("owner", str(error))
            else:
                add_to_form(form, error)
        else:
            invited = f" An invitation is on its way to {user.email}." if user.email else ""
            return success_response(request, f"{user.username} created.{invited}", back)
    response = form_page(request, "users/form.html", form, more=more, title="Create User", submit="Submit", back=back)
    if more.errors:
        response.status_code = 422
    return response


def create_with_owner(form: CreateUserForm, owner: str, actor: Actor) -> User:
    """Both or neither. Raises ServiceError."""
    with transaction.atomic():
        user = services.create(**form.cleaned_data, actor=actor)
        if owner.strip():
            owners.add(user, search.owner(owner, "owners"), actor, timezone.now())
    return user
