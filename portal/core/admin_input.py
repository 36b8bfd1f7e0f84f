"""The Django admin takes lookups, numbers and names of fields from the query and the form, and fails with whatever exception the first
thing that cannot use them raises. Here each of them becomes a 400."""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, FieldDoesNotExist, FieldError, SuspiciousOperation, ValidationError
from django.db import DataError, NotSupportedError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

View = Callable[..., HttpResponse]
BAD_INPUT = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, FieldError, FieldDoesNotExist, ValidationError),
    *(DataError, NotSupportedError, ProgrammingError),  # the last for `__range` with a text: one value for each of its characters
)
MOST_WORDS = 50  # in a search: each is a condition for each column that is searched, and SQLite takes a thousand


def rejecting_bad_input(admin_view: Callable[..., View]) -> Callable[..., View]:
    """In place of `AdminSite.admin_view`: a request with a query, a form or an argument that a view fails at is a bad request.

    One without any of them fails as before: that is a bug of ours."""

    def checked_view(view: View, cacheable: bool = False) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            check(request)
            try:
                response = view(request, *args, **kwargs)
                # Now, not later: much of a page's input is first used when it is rendered.
                return response.render() if isinstance(response, TemplateResponse) else response
            except (SuspiciousOperation, BadRequest):
                raise
            except BAD_INPUT as error:
                if not (request.GET or request.method == "POST" or args or kwargs):
                    raise
                place = traceback.extract_tb(error.__traceback__)[-1]
                raise BadRequest(f"Django admin: {type(error).__name__} in {place.name}, line {place.lineno}") from error

        return admin_view(answer, cacheable)  # which looks at permissions first

    return checked_view


def check(request: HttpRequest) -> None:
    """Raises BadRequest for what no page offers and a database may take very long for, or reject as if it were ill."""
    if any(name.endswith("regex") for name in request.GET):
        raise BadRequest("Django admin: a regular expression as filter")
    if len(request.GET.get("q", "").split()) > MOST_WORDS:
        raise BadRequest("Django admin: too many words in a search")
    if request.POST.get("select_across", "0") not in ("", "0", "1"):
        raise BadRequest("Django admin: select_across is neither 0 nor 1")
