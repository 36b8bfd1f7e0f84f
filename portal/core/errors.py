"""The one error that services raise, and how a form shows it. The API's error response is made of it in portal/api/errors.py."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the settings import this module, and have no use for Django's forms
    from django.forms import BaseForm


class Code(StrEnum):
    """What kind of rule was broken, in the words of the API's error responses."""

    INVALID_VALUE = "invalid_value"
    CONFLICT = "conflict"  # somebody did it, or something else, before
    PRECONDITION_FAILED = "precondition_failed"  # the row has another version than the one that was read
    # RFC 6749, section 5.2
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    # RFC 8628, section 3.5
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    ACCESS_DENIED = "access_denied"
    EXPIRED_TOKEN = "expired_token"


class ServiceError(Exception):
    """A service did not do what was asked. The message is for the person who asked; `field`: the form's field that it is about."""

    def __init__(self, message: str, field: str | None = None, code: Code = Code.INVALID_VALUE) -> None:
        super().__init__(message)
        self.field, self.code = field, code


def add_to_form(form: BaseForm, error: ServiceError) -> None:
    """Shows the error beside its field, or above the form if the form doesn't have that field."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
