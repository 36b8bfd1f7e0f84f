"""One error for all services, and one form of it on pages and in the API."""

import pytest
from django import forms

from portal.api.errors import api_error
from portal.core.errors import Code, ServiceError, add_to_form


class NameForm(forms.Form):
    name = forms.CharField(required=False)


def shown(error: ServiceError) -> dict[str, list[str]]:
    form = NameForm({})
    add_to_form(form, error)
    return dict(form.errors)


def test_a_form_shows_an_error_beside_its_field() -> None:
    assert shown(ServiceError("Too long.", "name")) == {"name": ["Too long."]}


@pytest.mark.parametrize("field", [None, "expires"])
def test_a_form_without_the_field_shows_the_error_above(field: str | None) -> None:
    assert shown(ServiceError("Too many.", field)) == {"__all__": ["Too many."]}


@pytest.mark.parametrize(("code", "status"), [(Code.INVALID_VALUE, 422), (Code.CONFLICT, 409), (Code.PRECONDITION_FAILED, 412)], ids=str)
def test_the_api_answers_each_code_with_its_status(code: Code, status: int) -> None:
    found = api_error(ServiceError("Too late.", code=code))
    assert (found.status, found.error) == (status, code)


def test_the_api_names_the_field() -> None:
    assert api_error(ServiceError("Too long.", "name")).field == "name"


def test_an_unexpected_exception_is_no_error_response() -> None:
    assert api_error(RuntimeError("bug")) is None
