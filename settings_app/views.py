from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal import access, checks, mail_check
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
        search=("label__finds", "type__finds", "value__finds"),
        empty="Nothing is set: every key has its default.",
    )
    return render(request, "settings_app/config.html", context)


def config_form(request: HttpRequest, form: ConfigForm, title: str, **context: Any) -> HttpResponse:
    """The pane. Without JavaScript its button Preview asks what the change would do: the same page again, with the answer."""
    context |= {"title": title, "back": reverse("settings:config"), "keys": KEYS.values()}
    if asks_preview(request):
        context["asked"] = {"key": form["key"].value(), "value": form["value"].value()}
    return form_page(request, "settings_app/form.html", form, **context)


def asks_preview(request: HttpRequest) -> bool:
    return "preview" in request.POST


def is_sent(request: HttpRequest) -> bool:
    """Is the form sent for good?"""
    return request.method == "POST" and not asks_preview(request)


@require_http_methods(["GET", "POST"])
@access.administrator
def add(request: HttpRequest) -> HttpResponse:
    form = ConfigForm(sent(request))
    if is_sent(request) and form.is_valid():
        try:
            added = services.add(form.cleaned_data["key"], form.cleaned_data["value"], access.actor_of(request))
        except services.ConfigError as error:
            form.refuse(error)
        else:
            return done(request, f"{KEYS[added.key].label} is set.", reverse("settings:config"))
    return config_form(request, form, "Add Config")


@require_http_methods(["GET", "POST"])
@access.administrator
def update(request: HttpRequest, key: str) -> HttpResponse:
    stored = get_object_or_404(Config, key=key, key__in=KEYS)
    form = UpdateConfigForm(sent(request), initial={"type": KEYS[key].type, "key": key, "value": stored.value})
    if is_sent(request) and form.is_valid():
        try:
            services.update(stored, form.cleaned_data["value"], access.actor_of(request))
        except services.ConfigError as error:
            form.refuse(error)
        else:
            return done(request, f"{KEYS[key].label} is updated.", reverse("settings:config"))
    return config_form(request, form, "Update Config", given=key)


@require_http_methods(["GET", "POST"])
@access.administrator
def delete(request: HttpRequest, key: str) -> HttpResponse:
    stored = get_object_or_404(Config, key=key, key__in=KEYS)
    back = reverse("settings:config")
    label = KEYS[key].label
    if not is_sent(request):
        asked = {"key": key, "value": None} if asks_preview(request) else None
        return render(request, "settings_app/delete.html", {"label": label, "config": stored, "back": back, "asked": asked})
    if services.delete(stored, access.actor_of(request)):
        return done(request, f"{label} is deleted: its default holds again.", back)
    return refused(request, f"{label} was deleted already.", back)


@require_http_methods(["GET", "POST"])
@access.administrator
def send_test_mail(request: HttpRequest) -> HttpResponse:
    """Asks, then shows what the mail server answers for each address of Config."""
    addresses = services.get("token_expiration_emails")
    context = {
        "addresses": addresses,
        "answers": mail_check.try_each(addresses, request.user.username) if request.method == "POST" else [],
        "label": KEYS["token_expiration_emails"].label,
        "seconds": mail_check.ALL_SECONDS,
        "to_files": settings.EMAIL is None,
        "sender_problem": checks.sender_problem(),
        "back": reverse("settings:config"),
    }
    return render(request, "settings_app/test_mail.html", context)
