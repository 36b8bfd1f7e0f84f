"""How views answer a form in a dialog, with htmx and without."""

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
    """What a form was sent with; None when it is only opened. A POST with nothing in it is a form sent empty."""
    return request.POST if request.method == "POST" else None


def form_page(request: HttpRequest, template: str, form: BaseForm, **context: Any) -> HttpResponse:
    """The form, 422 when it has errors, so that neither browser nor htmx takes it for a success; 409 with a `conflict`.

    `conflict`: a sentence that says what somebody else changed since the form was opened; `changes`: (label, value now, value typed) of
    each field. What was typed stays, and the form has the new version: submitting it again decides (templates/_conflict.html)."""
    status = 409 if context.get("conflict") else 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def put_into(form: BaseForm, **values: str) -> None:
    """Puts other values into the fields of a form that was sent."""
    data = cast(QueryDict, form.data).copy()
    for name, value in values.items():
        data[name] = value
    form.data = data


def success_response(request: HtmxHttpRequest, message: str, back: str, level: str = "success", navigate: bool = False) -> HttpResponse:
    """The write succeeded: closes the dialog, refreshes the list and says so. Without htmx, or to `leave` a page that is no
    more, goes `back` and says so there."""
    if request.htmx and not navigate:
        response = HttpResponse(status=204)
        response["HX-Trigger"] = json.dumps({"dialog-close": True, "list-changed": True, "toast": {"text": message, "level": level}})
        return response
    messages.add_message(request, messages.SUCCESS if level == "success" else messages.ERROR, message)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": back})
    return redirect(back)


def rejected_response(request: HtmxHttpRequest, message: str, back: str) -> HttpResponse:
    """The write came too late or broke a rule that no field stands for: says so in the same way."""
    return success_response(request, message, back, level="error")
