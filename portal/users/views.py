"""The dialogs that change users. The list and the user's page show tokens too, so they are in apps that know tokens."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core import versions
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.users import emails, invitations, local_passwords, renaming, services
from portal.users.forms import RenameForm, UpdateUserForm
from portal.users.models import User


def existing(username: str) -> User:
    return get_object_or_404(User.objects.existing(), username=username)


def page_of(user: User) -> str:
    return reverse("users:detail", args=[user.username])


@require_http_methods(["GET", "POST"])
@access.administrator
def update(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """Writes only what the person changed, and nothing at all if somebody else has changed the user since the form was opened."""
    user = existing(username)
    form = UpdateUserForm(form_data(request), initial=UpdateUserForm.values(user), kind=user.kind)
    context = {"title": f"Update {user.username}", "submit": "Submit", "back": page_of(user), "owner": user}
    if request.method == "POST" and form.is_valid():
        given = {name: form.changed.get(name) for name in ("display_name", "role", "may_introspect", "may_provision")}
        try:
            services.update(user, **given, actor=access.actor_of(request), read=[versions.version(**form.opened_with)])
        except services.UserChanged as error:
            context |= {"conflict": str(error), "changes": form.take_over(error.user)}
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Saved {user.username}.", page_of(user))
    return form_page(request, "users/form.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def activate(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    return confirm(request, existing(username), "users/activate.html", services.activate, "Reactivated")


def confirm(request: AuthenticatedHttpRequest, user: User, template: str, service: Callable[..., None], said: str) -> HttpResponse:
    """GET asks, POST does. What was asked about another state of the user is asked again."""
    conflict = ""
    if request.method == "POST":
        try:
            service(user, access.actor_of(request), read=versions.of_form(request.POST))
            return success_response(request, f"{said} {user.username}.", page_of(user))
        except services.UserChanged as error:
            user, conflict = error.user, str(error)
        except ServiceError as error:
            return rejected_response(request, str(error), page_of(user))
    context = {"owner": user, "back": page_of(user), "version": user.version, "conflict": conflict}
    return render(request, template, context, status=409 if conflict else 200)


@require_http_methods(["GET", "POST"])
@access.administrator
def resend_invitation(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    user = existing(username)
    if request.method == "POST":
        try:
            invitations.resend(user, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), page_of(user))
        return success_response(request, f"A new invitation is on its way to {user.email}.", page_of(user))
    return render(request, "users/resend_invitation.html", invitation_context(user))


@require_http_methods(["GET", "POST"])
@access.administrator
def invitation_link(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """GET says what the link can do, POST makes it and shows it: this response is the only place where it is."""
    user = existing(username)
    context = invitation_context(user)
    if request.method == "POST":
        try:
            context["link"] = invitations.new_link(user, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), page_of(user))
    return render(request, "users/invitation_link.html", context)


def invitation_context(user: User) -> dict[str, Any]:
    return {
        "owner": user,
        "back": page_of(user),
        "days": emails.days(),
        "invited": user.status == User.Status.INVITED,
        "passwords": local_passwords.are_on(),
    }


def own_account(request: AuthenticatedHttpRequest, action: str) -> HttpResponse:
    """In place of a confirmation that the service would reject: the menus do not lead here, but an address does."""
    return render(request, "users/own_account.html", {"action": action, "back": page_of(request.user)})


@require_http_methods(["GET", "POST"])
@access.administrator
def rename(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """Window *Change username or email*. What was opened for another name or address is asked again."""
    user = existing(username)
    form = RenameForm(form_data(request), user=user)
    context = {"owner": user, "back": page_of(user), "version": renaming.version(user)}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            read = versions.of_form(request.POST)
            renamed = renaming.rename(user, data["username"], data.get("email"), access.actor_of(request), timezone.now(), read)
        except services.UserChanged as error:
            context |= {"owner": error.user, "version": renaming.version(error.user), "conflict": str(error)}
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Saved {renamed.username}.", page_of(renamed), navigate=renamed.username != username)
    return form_page(request, "users/rename.html", form, **context)
