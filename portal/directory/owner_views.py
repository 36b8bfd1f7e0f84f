"""The tabs of a user's page about owners and groups, and the suggestions of the fields that search for them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.htmx import form_data, form_page, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.directory import owners, roles, search
from portal.directory.forms import AddOwnerForm
from portal.directory.models import Group, ManagedUser, Ownership
from portal.directory.parts import Part
from portal.users.models import User


def service_account(username: str) -> User:
    return get_object_or_404(User.objects.existing(), username=username, kind=User.Kind.SERVICE)


def page_of(account: User) -> str:
    return reverse("directory:owners", args=[account.username])


@require_safe
@access.administrator
def owner_list(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """A service account's page with the tab Owners."""
    account = service_account(username)
    rows = owners.listed(account)
    return render(request, "directory/owners.html", {"owner": account, "rows": rows, "covered": any(row.is_active for row in rows)})


@require_http_methods(["GET", "POST"])
@access.administrator
def add_owner(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    account = service_account(username)
    form = AddOwnerForm(form_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            owner = search.owner(form.cleaned_data["owner"], "owner")
            owners.add(account, owner, access.actor_of(request), timezone.now())
        except ServiceError as error:
            form.add_error("owner", str(error))
        else:
            return success_response(request, f"{owner} is now an owner of {account.username}.", page_of(account))
    context = {"title": f"Add an owner of {account.username}", "submit": "Add", "back": page_of(account)}
    return form_page(request, "directory/group_form.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def remove_owner(request: AuthenticatedHttpRequest, username: str, pk: int) -> HttpResponse:
    account = service_account(username)
    row = get_object_or_404(Ownership.objects.select_related("user", "group"), pk=pk, service_account=account)
    if request.method == "POST":
        try:
            owners.remove(account, row, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), page_of(account))
        return success_response(request, f"{row.owner} no longer owns {account.username}.", page_of(account))
    return render(request, "directory/remove_owner.html", {"account": account, "row": row, "back": page_of(account)})


@require_safe
@access.administrator
def of_user(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """A person's page with the tab Groups: the groups, and the service accounts that the person owns."""
    person = get_object_or_404(User.objects.existing(), username=username, kind=User.Kind.PERSON)
    groups = Group.objects.filter(memberships__user=person).order_by("search_key", "pk")
    context = {"owner": person, "groups": Part.of(groups), "owned": Part.of(owners.owned_by(person).order_by("username"))}
    context["role_from_groups"] = bool(roles.given()) and ManagedUser.objects.filter(pk=person.pk).exists()
    return render(request, "directory/of_user.html", context)


@require_safe
@access.administrator
def suggest(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The options of a field that searches for people and groups."""
    text = request.GET.get(request.GET.get("field", ""), "")
    found = search.suggestions(text, with_groups="groups" in request.GET)
    return render(request, "directory/_suggestions.html", {"suggestions": found})
