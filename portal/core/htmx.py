"""Responses to forms in a dialog, with and without htmx."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect, render

from portal.core.requests import HtmxHttpRequest

View = Callable[..., HttpResponse]


def post_only(back: str) -> Callable[[View], View]:
    """A view for POST. Opening its URL (from the history, or after signing in again) leads to the page that has its button:
    `back`, a URL's name."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return redirect(back)
            if request.method != "POST":
                return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def form_data(request: HttpRequest) -> QueryDict | None:
    """The data of a submitted form; None for a GET. A POST without data is a form that was submitted empty."""
    return request.POST if request.method == "POST" else None


def form_page(request: HttpRequest, template: str, form: BaseForm, **context: Any) -> HttpResponse:
    """The form, 422 when it has errors, so that neither browser nor htmx treats it as a success; 409 with a `conflict`.

    `conflict`: a sentence that says what somebody else changed since the form was opened; `changes`: (label, value now, value typed) of
    each field. What was typed stays, and the form has the new version: submitting it again decides (templates/_conflict.html)."""
    status = 409 if context.get("conflict") else 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def put_into(form: BaseForm, **values: str) -> None:
    """Replaces values in a submitted form."""
    data = cast(QueryDict, form.data).copy()
    for name, value in values.items():
        data[name] = value
    form.data = data


def success_response(request: HtmxHttpRequest, message: str, back: str, level: str = "success", navigate: bool = False) -> HttpResponse:
    """After a successful write: closes the dialog, refreshes the list and shows `message`. Without htmx, or with `navigate` (the
    current page no longer exists), redirects to `back` and shows the message there."""
    if request.htmx and not navigate:
        response = HttpResponse(status=204)
        response["HX-Trigger"] = json.dumps({"dialog-close": True, "list-changed": True, "toast": {"text": message, "level": level}})
        return response
    messages.add_message(request, messages.SUCCESS if level == "success" else messages.ERROR, message)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": back})
    return redirect(back)


def rejected_response(request: HtmxHttpRequest, message: str, back: str) -> HttpResponse:
    """After a write that came too late, or broke a rule that belongs to no field: the same, with an error message."""
    return success_response(request, message, back, level="error")
