from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from portal.core import permissions as access
from portal.core import versions
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, put_into, rejected_response, success_response
from portal.core.list_views import list_context
from portal.core.requests import AuthenticatedHttpRequest
from settings_app import panels, services
from settings_app.forms import ConfigForm, UpdateConfigForm
from settings_app.models import Config
from settings_app.panels import Place
from settings_app.registry import KEYS
from settings_app.setting import stored_values
from settings_app.tables import ConfigTable


@require_safe
@access.administrator
def config(request: AuthenticatedHttpRequest) -> HttpResponse:
    """System Settings, tab Config."""
    context = list_context(
        request,
        Config.objects.with_labels(),
        ConfigTable,
        search=("label__finds", "type__finds", "value__finds", "aliases__finds"),
        empty="No settings changed; all defaults apply.",
    )
    context |= {"above": panels.render(Place.ABOVE, request), "below": panels.render(Place.BELOW, request)}
    return render(request, "settings_app/config.html", context)


def config_form(request: AuthenticatedHttpRequest, form: ConfigForm, title: str, key: str = "", **context: Any) -> HttpResponse:
    """The pane. Without JavaScript its button Preview asks what the change would do: the same page again, with the answer."""
    context |= {"title": title, "back": reverse("settings:config"), "keys": KEYS.values()}
    submitted = {"key": form["key"].value(), "value": form["value"].value()} if asks_preview(request) else None
    context["panels"] = panels.render(Place.DIALOG, request, key=key, submitted=submitted, deletes=False)
    return form_page(request, "settings_app/form.html", form, **context)


def asks_preview(request: AuthenticatedHttpRequest) -> bool:
    return "preview" in request.POST


def is_sent(request: AuthenticatedHttpRequest) -> bool:
    """Was the form submitted to be saved?"""
    return request.method == "POST" and not asks_preview(request)


@require_http_methods(["GET", "POST"])
@access.administrator
def add(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Pane *Add Config*. It updates a key that is set: the form loads it, or else shows what it has and asks again."""
    return save(request, ConfigForm(form_data(request), stored=stored_values()), "Add Config")


@require_http_methods(["GET", "POST"])
@access.administrator
def update(request: AuthenticatedHttpRequest, key: str) -> HttpResponse:
    """Pane *Update Config*. A form that was opened before the key was deleted is not lost: it may set the key again."""
    stored = stored_values()
    if key not in KEYS or (key not in stored and "version" not in request.POST):
        raise Http404
    value = stored.get(key, "")
    initial = {"type": KEYS[key].type, "key": key, "value": value, "version": services.version(key, value)}
    return save(request, UpdateConfigForm(form_data(request), initial=initial), "Update Config", fixed_key=key)


def save(request: AuthenticatedHttpRequest, form: ConfigForm, title: str, fixed_key: str = "") -> HttpResponse:
    """`fixed_key`: where the form is about one key. Empty where it is chosen in the form."""
    context: dict[str, Any] = {}
    if is_sent(request) and form.is_valid():
        key, value = form.cleaned_data["key"], form.cleaned_data["value"]
        read = form.cleaned_data["version"] or services.version(key, None)
        try:
            services.put(key, value, access.actor_of(request), [read])
        except services.ConfigChanged as error:
            changes = [("Value", "—" if error.value is None else error.value, value)]
            put_into(form, version=services.version(key, error.value))
            context |= {"conflict": str(error), "changes": changes}
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, f"Saved {KEYS[key].label}.", reverse("settings:config"))
    return config_form(request, form, title, fixed_key, **context)


@require_http_methods(["GET", "POST"])
@access.administrator
def delete(request: AuthenticatedHttpRequest, key: str) -> HttpResponse:
    """The confirmation names the value that goes. When it is another one by now, it is asked again."""
    stored = get_object_or_404(Config, key=key, key__in=KEYS)
    back = reverse("settings:config")
    label = KEYS[key].label
    changed = False
    if is_sent(request):
        try:
            if services.delete(stored, access.actor_of(request), versions.of_form(request.POST)):
                response = success_response(request, f"Reset {label} to its default.", back)
                return trigger_client_event(response, f"config-{key}") if request.htmx else response
            return rejected_response(request, f"{label} has already been deleted.", back)
        except services.ConfigChanged:
            stored.refresh_from_db()
            changed = True
    submitted = {"key": key, "value": None} if asks_preview(request) else None
    context = {"label": label, "config": stored, "back": back, "changed": changed}
    context["panels"] = panels.render(Place.DIALOG, request, key=key, submitted=submitted, deletes=True)
    context["version"] = services.version(key, stored.value)
    return render(request, "settings_app/delete.html", context, status=409 if changed else 200)
