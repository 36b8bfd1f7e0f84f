"""The pages of groups, and the dialogs that change them."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.audit.exports import export
from portal.core import permissions as access
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, rejected_response, success_response
from portal.core.list_views import list_context, wants_csv
from portal.core.requests import AuthenticatedHttpRequest
from portal.directory import groups, owners, search
from portal.directory.forms import AddMemberForm, GroupForm, HandOverForm
from portal.directory.models import SEARCH, Group
from portal.directory.parts import Part
from portal.directory.tables import CSV_COLUMNS, GroupFilter, GroupTable, MemberTable, with_counts
from portal.users.models import SEARCH as USER_SEARCH
from portal.users.models import User


def page_of(group: Group) -> str:
    return reverse("directory:group", args=[group.pk])


@require_safe
@access.administrator
def group_list(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    rows = with_counts(Group.objects.all())
    if wants_csv(request):
        return export(request, rows, GroupTable, SEARCH, GroupFilter, CSV_COLUMNS)
    context = list_context(request, rows, GroupTable, SEARCH, empty="No groups yet.", filter_class=GroupFilter)
    return render(request, "directory/groups.html", context)


@require_safe
@access.administrator
def group_detail(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """A group with its members, and the service accounts that it owns."""
    group = get_object_or_404(Group, pk=pk)
    members = User.objects.existing().filter(memberships__group=group)
    context = list_context(request, members, MemberTable, USER_SEARCH, empty="No members yet.")
    context |= {"group": group, "editable": is_editable(group), "owned": Part.of(owners.owned_by(group).order_by("username"))}
    return render(request, "directory/group.html", context)


def is_editable(group: Group) -> bool:
    return group.source == Group.Source.MANUAL


@require_http_methods(["GET", "POST"])
@access.administrator
def add_group(request: AuthenticatedHttpRequest) -> HttpResponse:
    form, back = GroupForm(form_data(request)), reverse("directory:groups")
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            group = groups.create(data["name"], data["description"], access.actor_of(request), timezone.now())
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"{group.name} created.", page_of(group), navigate=True)
    return form_page(request, "directory/group_form.html", form, title="Create Group", submit="Create", back=back)


@require_http_methods(["GET", "POST"])
@access.administrator
def update_group(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=pk, source=Group.Source.MANUAL)
    values = {"name": group.name, "description": group.description, "version": groups.version(group)}
    form = GroupForm(form_data(request), initial=values)
    context: dict[str, Any] = {"title": f"Update {group.name}", "submit": "Submit", "back": page_of(group)}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            read = [data["version"]] if data["version"] else None
            groups.update(group, data["name"], data["description"], access.actor_of(request), timezone.now(), read=read)
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Saved {data['name']}.", page_of(group))
    return form_page(request, "directory/group_form.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def delete_group(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Says what loses its owner, and deletes the group with what it owns handed over, both or neither."""
    group = get_object_or_404(Group, pk=pk)
    losing = Part.of(owners.losing(group).order_by("username"))
    form = HandOverForm(form_data(request), losing=bool(losing.total))
    if request.method == "POST" and form.is_valid():
        actor, now = access.actor_of(request), timezone.now()
        try:
            with transaction.atomic():
                search.hand_over(group, form.cleaned_data.get("new_owner", ""), actor, now, "new_owner")
                groups.delete(group, actor, now)
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Deleted {group.name}.", reverse("directory:groups"), navigate=True)
    context = {"group": group, "losing": losing, "members": group.memberships.count(), "back": page_of(group)}
    return form_page(request, "directory/delete_group.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def add_member(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=pk, source=Group.Source.MANUAL)
    form = AddMemberForm(form_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            person = search.person(form.cleaned_data["person"], "person")
            new = groups.add_members(group, [person.pk], access.actor_of(request), timezone.now())
        except ServiceError as error:
            form.add_error("person", str(error))
        else:
            said = f"Added {person.username} to {group.name}." if new else f"{person.username} is already a member of {group.name}."
            return success_response(request, said, page_of(group))
    context = {"title": f"Add a member to {group.name}", "submit": "Add", "back": page_of(group)}
    return form_page(request, "directory/group_form.html", form, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def remove_member(request: AuthenticatedHttpRequest, pk: int, user: int) -> HttpResponse:
    """Says which service accounts would be without an active owner."""
    group = get_object_or_404(Group, pk=pk, source=Group.Source.MANUAL)
    person = get_object_or_404(User, pk=user, memberships__group=group)
    if request.method == "POST":
        try:
            groups.remove_members(group, [person.pk], access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), page_of(group))
        return success_response(request, f"Removed {person.username} from {group.name}.", page_of(group))
    others = group.memberships.filter(user__is_active=True).exclude(user=person).exists()
    losing = Part.of((owners.losing(group) if not others else User.objects.none()).order_by("username"))
    return render(request, "directory/remove_member.html", {"group": group, "person": person, "losing": losing, "back": page_of(group)})
