"""The dialogs that change users. The list and the user's page show tokens too, so they live in rooms that know tokens."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal import access
from portal.responses import done, form_page, refused, sent
from portal.users import services
from portal.users.forms import CreateUserForm, DeleteUserForm, UpdateUserForm
from portal.users.models import User


def existing(username: str) -> User:
    return get_object_or_404(User.objects.existing(), username=username)


def page_of(user: User) -> str:
    return reverse("tokens:user_tokens", args=[user.username])


@require_safe
@access.administrator
def detail(request: HttpRequest, username: str) -> HttpResponse:
    """The user's page opens on its tab Tokens."""
    return redirect(page_of(existing(username)))


@require_http_methods(["GET", "POST"])
@access.administrator
def create(request: HttpRequest) -> HttpResponse:
    form = CreateUserForm(sent(request))
    back = reverse("users:list")
    if request.method == "POST" and form.is_valid():
        try:
            user = services.create(**form.cleaned_data, actor=access.actor_of(request))
        except services.UserError as error:
            form.refuse(error)
        else:
            invited = f" An invitation is on its way to {user.email}." if user.email else ""
            return done(request, f"{user.username} is created.{invited}", back)
    return form_page(request, "users/form.html", form, title="Create User", submit="Submit", back=back)


@require_http_methods(["GET", "POST"])
@access.administrator
def update(request: HttpRequest, username: str) -> HttpResponse:
    user = existing(username)
    form = UpdateUserForm(sent(request), initial={name: getattr(user, name) for name in UpdateUserForm.base_fields})
    if request.method == "POST" and form.is_valid():
        try:
            services.update(user, **form.cleaned_data, actor=access.actor_of(request))
        except services.UserError as error:
            form.refuse(error)
        else:
            return done(request, f"{user.username} is updated.", page_of(user))
    return form_page(request, "users/form.html", form, title="Update User", submit="Submit", back=page_of(user), owner=user)


@require_http_methods(["GET", "POST"])
@access.administrator
def deactivate(request: HttpRequest, username: str) -> HttpResponse:
    return confirm(request, existing(username), "users/deactivate.html", services.deactivate, "is deactivated")


@require_http_methods(["GET", "POST"])
@access.administrator
def activate(request: HttpRequest, username: str) -> HttpResponse:
    return confirm(request, existing(username), "users/activate.html", services.activate, "is active again")


def confirm(request: HttpRequest, user: User, template: str, verb: Callable[[User, User], None], said: str) -> HttpResponse:
    """GET asks, POST does."""
    if request.method == "GET":
        return render(request, template, {"owner": user, "back": page_of(user)})
    try:
        verb(user, access.actor_of(request))
    except services.UserError as error:
        return refused(request, str(error), page_of(user))
    return done(request, f"{user.username} {said}.", page_of(user))


@require_http_methods(["GET", "POST"])
@access.administrator
def delete(request: HttpRequest, username: str) -> HttpResponse:
    user = existing(username)
    form = DeleteUserForm(sent(request), username=user.username)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete(user, access.actor_of(request))
        except services.UserError as error:
            form.add_error(None, str(error))
        else:
            return done(request, f"{user.username} is deleted.", reverse("users:list"), leave=True)
    return form_page(request, "users/delete.html", form, owner=user, back=page_of(user))
