from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal import access
from portal.lists import list_context
from portal.responses import done, form_page, refused, sent
from settings_app import services
from settings_app.forms import ConfigForm, UpdateConfigForm
from settings_app.models import Config
from settings_app.registry import KEYS
from settings_app.tables import ConfigTable


@require_safe
@access.administrator
def config(request: HttpRequest) -> HttpResponse:
    """System Settings, tab Config."""
    context = list_context(
        request,
        Config.objects.with_labels(),
        ConfigTable,
        search=("label__icontains", "type__icontains", "value__icontains"),
        empty="Nothing is set: every key has its default.",
    )
    return render(request, "settings_app/config.html", context)


@require_http_methods(["GET", "POST"])
@access.administrator
def add(request: HttpRequest) -> HttpResponse:
    form = ConfigForm(sent(request))
    back = reverse("settings:config")
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add(form.cleaned_data["key"], form.cleaned_data["value"], request.user)
        except services.ConfigError as error:
            form.refuse(error)
        else:
            return done(request, f"{KEYS[added.key].label} is set.", back)
    return form_page(request, "settings_app/form.html", form, title="Add Config", back=back, keys=KEYS.values())


@require_http_methods(["GET", "POST"])
@access.administrator
def update(request: HttpRequest, key: str) -> HttpResponse:
    stored = get_object_or_404(Config, key=key, key__in=KEYS)
    form = UpdateConfigForm(sent(request), initial={"type": KEYS[key].type, "key": key, "value": stored.value})
    back = reverse("settings:config")
    if request.method == "POST" and form.is_valid():
        try:
            services.update(stored, form.cleaned_data["value"], request.user)
        except services.ConfigError as error:
            form.refuse(error)
        else:
            return done(request, f"{KEYS[key].label} is updated.", back)
    return form_page(request, "settings_app/form.html", form, title="Update Config", back=back, keys=KEYS.values())


@require_http_methods(["GET", "POST"])
@access.administrator
def delete(request: HttpRequest, key: str) -> HttpResponse:
    stored = get_object_or_404(Config, key=key, key__in=KEYS)
    back = reverse("settings:config")
    label = KEYS[key].label
    if request.method == "GET":
        return render(request, "settings_app/delete.html", {"label": label, "config": stored, "back": back})
    if services.delete(stored, request.user):
        return done(request, f"{label} is deleted: its default holds again.", back)
    return refused(request, f"{label} was deleted already.", back)
