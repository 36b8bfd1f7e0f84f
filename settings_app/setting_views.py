"""System Settings, tab All settings: every key with its value or default, each in a form of its own."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.requests import AuthenticatedHttpRequest
from settings_app import panels, registry, sections, services, setting
from settings_app.panels import Place
from settings_app.registry import KEYS
from settings_app.setting import Setting


@require_safe
@access.administrator
def all_settings(request: AuthenticatedHttpRequest) -> HttpResponse:
    return page(request)


def page(request: AuthenticatedHttpRequest, submitted: Setting | None = None, status: int = 200) -> HttpResponse:
    found = setting.by_section(submitted)
    for each in (each for _section, settings in found for each in settings):
        each.preview = preview(request, each)
    context = {"sections": found, "above": panels.render(Place.ABOVE, request)}
    return render(request, "settings_app/settings.html", context, status=status)


def preview(request: AuthenticatedHttpRequest, each: Setting) -> str:
    """What a change of the key would do; without JavaScript the answer to the button Preview."""
    submitted = {"key": each.key.name, "value": each.text} if "preview" in request.POST and each.typed is not None else None
    return "".join(panels.render(Place.DIALOG, request, key=each.key.name, submitted=submitted, deletes=False))


@require_http_methods(["GET", "POST"])
@access.administrator
def one(request: AuthenticatedHttpRequest, key: str) -> HttpResponse:
    """A key's form, which htmx replaces alone. Without htmx it is a part of the page."""
    if key not in KEYS:
        raise Http404
    if request.method == "POST":
        return save(request, key)
    return form(request, setting.one(key)) if request.htmx else redirect(address(key))


def form(request: AuthenticatedHttpRequest, shown: Setting, status: int = 200) -> HttpResponse:
    if not request.htmx:
        return page(request, shown, status)
    shown.preview = preview(request, shown)
    return render(request, "settings_app/_setting.html", {"setting": shown}, status=status)


def address(key: str) -> str:
    return f"{reverse('settings:all')}#setting-{key}"


def save(request: AuthenticatedHttpRequest, key: str) -> HttpResponse:
    """Gives the key the value that was submitted, unless somebody else changed it, or it is to be confirmed first."""
    text = request.POST.get("value", "")
    if "preview" in request.POST:
        return form(request, setting.one(key, typed=text))
    try:
        value = services.normalised(key, text)
        services.check(key, value)  # before anybody is asked to confirm it
        warning = sections.caution(key, KEYS[key].parse(value))
        if warning and not is_settled(key, value, request.POST.get("confirmed", "")):
            return form(request, setting.one(key, typed=text, notice=f"{warning} Save again to confirm.", confirmed=value), 409)
        services.put(key, value, access.actor_of(request), [request.POST.get("version", "")])
    except services.ConfigChanged as error:
        return form(request, setting.one(key, typed=text, notice=f"{error} Save again to replace that."), 409)
    except ServiceError as error:
        errors = registry.part_errors(KEYS[key], text) if KEYS[key].parts else {}
        return form(request, setting.one(key, typed=text, errors=errors or {text: str(error)}), 422)
    return saved(request, key)


def is_settled(key: str, value: str, confirmed: str) -> bool:
    """Has the value been confirmed, or is it what the key has anyway?"""
    return value in (confirmed, setting.stored_values().get(key))


def saved(request: AuthenticatedHttpRequest, key: str) -> HttpResponse:
    message = f"Saved {KEYS[key].label}."
    if not request.htmx:
        messages.success(request, message)
        return redirect(address(key))
    response = form(request, setting.one(key))
    trigger_client_event(response, "toast", {"text": message, "level": "success"})
    return trigger_client_event(response, "list-changed")
