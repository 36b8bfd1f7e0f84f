from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.http import HttpRequest

from portal.users import emails
from portal.users.models import USERNAME_MAX, User
from portal.users.services import UserError

# What static/js/kind-of-user.js takes for a valid email address, near enough to Django's EmailValidator for a hint while typing.
LOCAL, LABEL = r"[A-Za-z0-9!#$%&'*+=?^_`{}|~\-]+", r"[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"{LOCAL}(\.{LOCAL})*@(localhost|({LABEL}\.)+[A-Za-z0-9\-]{{1,62}}[A-Za-z0-9])"
KIND_OF_USER = {
    "data-kind-of-user": EMAIL_PATTERN,
    "data-person": "Creates a person, who is invited by email.",
    "data-service": "Creates a service account, which owns tokens but can't sign in.",
    "data-invalid": "Not a valid email address.",
}


class UserForm(forms.Form):
    """What both panes share. The rules are the service's; its errors come back by `refuse`."""

    display_name = forms.CharField(label="Display name", max_length=100, required=False)
    role = forms.ChoiceField(label="Role", choices=User.Role.choices, initial=User.Role.USER)

    def refuse(self, error: UserError) -> None:
        self.add_error(error.field if error.field in self.fields else None, str(error))


class UpdateUserForm(UserForm):
    """Pane *Update User*."""

    may_introspect = forms.BooleanField(
        label="May introspect tokens",
        required=False,
        help_text="This user's own token may ask /oauth/introspect about anybody's token. For the service account of a gateway.",
    )


class CreateUserForm(UserForm):
    """Pane *Create User*."""

    username = forms.CharField(
        label="Username",
        max_length=USERNAME_MAX,
        help_text="An email address creates a person, who is invited by email. Any other name creates a service account, which owns "
        "tokens but can't sign in.",
        widget=forms.TextInput(attrs={"autocomplete": "off"} | KIND_OF_USER),
    )
    field_order = ["username", "display_name", "role"]


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """django-allauth's looks the address up and writes an email if it finds somebody, which takes longer than finding nobody. This one does
    the same work for every address; who has it is looked up when the email is sent."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        emails.queue_password_reset(self.cleaned_data["email"])
        return self.cleaned_data["email"]


class DeleteUserForm(forms.Form):
    """The typed confirmation."""

    confirm = forms.CharField(required=False)

    def __init__(self, *args: Any, username: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.username = username
        self.fields["confirm"].label = f"Type {username} to confirm"
        self.fields["confirm"].widget.attrs |= {"data-must-equal": username, "autocomplete": "off"}

    def clean_confirm(self) -> str:
        if self.cleaned_data["confirm"].strip() != self.username:
            raise forms.ValidationError(f"Type the username {self.username} exactly.")
        return self.username
