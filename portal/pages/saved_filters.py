"""The window *Saved filters* of a list."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_page
from portal.core.requests import AuthenticatedHttpRequest
from portal.users import saved_filters
from portal.users.models import SavedFilter

LISTS = {
    "tokens": ("tokens:all", access.ADMINISTRATOR),
    "users": ("users:list", access.ADMINISTRATOR),
    "groups": ("directory:groups", access.ADMINISTRATOR),
    "faults": ("faults:list", access.OPERATOR),
    "audit": ("audit:list", access.OPERATOR),
}


class SaveForm(forms.Form):
    """The rules are the service's (`portal.users.saved_filters`)."""

    name = forms.CharField(
        label="Name",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": saved_filters.NAME_MAX, "autocomplete": "off"}),
        help_text="A filter with the same name is replaced.",
    )
    list = forms.CharField(widget=forms.HiddenInput)
    query = forms.CharField(required=False, widget=forms.HiddenInput)


@require_http_methods(["GET", "POST"])
@access.signed_in
def saved(request: AuthenticatedHttpRequest) -> HttpResponse:
    """A user's own filters of the list `list`, and a form to save the present one, `query`; `delete` names one to delete."""
    data = request.POST if request.method == "POST" else request.GET
    if "list" not in data:
        return redirect("home")
    name, query = data.get("list", ""), data.get("query", "").removeprefix("?")
    url_name, role = LISTS.get(name, ("", ""))
    if not url_name:
        raise Http404
    access.require(request.user.role in [each for each, implied in access.IMPLIED_ROLES.items() if role in implied])
    form = SaveForm(request.POST) if "name" in request.POST else SaveForm(initial={"list": name, "query": query})
    if request.method == "POST" and change(request, form, name, query):
        if not request.htmx:
            return redirect(f"{reverse('saved_filters')}?{urlencode({'list': name, 'query': query})}")
        form = SaveForm(initial={"list": name, "query": query})
    return filters_page(request, form, name, query, reverse(url_name))


def change(request: AuthenticatedHttpRequest, form: SaveForm, name: str, query: str) -> bool:
    """Deletes or saves. False if the form has errors."""
    actor = access.actor_of(request)
    if "name" not in request.POST:
        text = request.POST.get("delete", "")
        if not (text.isascii() and text.isdigit() and len(text) < 19 and saved_filters.delete(actor, int(text))):
            raise Http404
        return True
    form.full_clean()
    try:
        saved_filters.save(actor, name, request.POST["name"], query)
    except ServiceError as error:
        add_to_form(form, error)
    return not form.errors


def filters_page(request: AuthenticatedHttpRequest, form: SaveForm, name: str, query: str, address: str) -> HttpResponse:
    context: dict[str, Any] = {
        "filters": SavedFilter.objects.filter(user=request.user, list=name).order_by("name", "pk"),
        "can_save": saves(query),
        "list_name": name,
        "query": query,
        "address": address,
    }
    return form_page(request, "saved_filters.html", form, **context)


def saves(query: str) -> bool:
    try:
        return bool(saved_filters.clean_query(query))
    except ServiceError:
        return False
