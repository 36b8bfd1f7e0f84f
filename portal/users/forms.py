import json
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.login import perform_password_login
from django import forms
from django.http import HttpRequest, HttpResponse

from portal.core import permissions as access
from portal.core.htmx import put_into
from portal.users import emails
from portal.users.models import USERNAME_MAX, User

# What static/js/kind-of-user.js takes for a valid email address, near enough to Django's EmailValidator for a hint while typing.
LOCAL, LABEL = r"[A-Za-z0-9!#$%&'*+=?^_`{}|~\-]+", r"[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"{LOCAL}(\.{LOCAL})*@(localhost|({LABEL}\.)+[A-Za-z0-9\-]{{1,62}}[A-Za-z0-9])"
KIND_OF_USER = {
    "data-kind-of-user": EMAIL_PATTERN,
    "data-person": "Creates a person, who is invited by email.",
    "data-service": "Creates a service account, which owns tokens but can't sign in.",
    "data-invalid": "Not a valid email address.",
}


LABELS = {
    "display_name": "Display name",
    "role": "Role",
    "may_introspect": "Can introspect tokens",
    "may_provision": "Can provision users (SCIM)",
    "is_active": "Status",
}


WORDS: dict[str, dict[Any, str]] = {
    "role": dict(User.Role.choices),
    "may_introspect": {True: "Yes", False: "No"},
    "may_provision": {True: "Yes", False: "No"},
    "is_active": {True: "Active", False: "Inactive"},
}


def shown(name: str, value: Any) -> str:
    """A field's value in the words of the pages."""
    return WORDS[name].get(value, "") if name in WORDS else str(value)


class UserForm(forms.Form):
    """What both panes share. The rules are the service's."""

    display_name = forms.CharField(label="Display name", required=False)
    role = forms.ChoiceField(label="Role", choices=User.Role.choices, initial=User.Role.USER)


class UpdateUserForm(UserForm):
    """Pane *Update User*. `version` holds the values that the form was opened with, so that only what the person changed is written, and
    a change that somebody else made meanwhile can be shown."""

    may_introspect = forms.BooleanField(
        label="Can introspect tokens",
        required=False,
        help_text="Lets this user's token check anyone's token at /oauth/introspect. Meant for a gateway's service account.",
    )
    may_provision = forms.BooleanField(
        label=LABELS["may_provision"],
        required=False,
        help_text="Lets this service account's token create, change, deactivate and delete people and groups at /scim/v2. Meant for the "
        "company's directory, and for nothing else.",
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str = User.Kind.PERSON, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != User.Kind.SERVICE:
            del self.fields["may_provision"]

    @staticmethod
    def values(user: User) -> dict[str, Any]:
        """What the form shows of `user`."""
        return user.edited | {"version": json.dumps(user.edited)}

    @property
    def opened_with(self) -> dict[str, Any]:
        """The values that the form showed when it was opened; {} where that cannot be read."""
        try:
            found = json.loads(self.cleaned_data["version"])
        except (ValueError, RecursionError):  # the latter for what is nested too deeply
            return {}
        plain = isinstance(found, dict) and all(isinstance(value, str | bool) for value in found.values())
        return found if plain else {}

    @property
    def changed(self) -> dict[str, Any]:
        """The fields that the person changed, with their new values."""
        before = self.opened_with
        typed = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return {name: value for name, value in typed.items() if name not in before or before[name] != value}

    def take_over(self, user: User) -> list[tuple[str, str, str]]:
        """After somebody else changed `user`: what the person has not touched shows what holds now, and the form has the new version.
        Returns (label, value now, value that the form had) of each field that somebody else changed."""
        before, mine = self.opened_with, self.changed
        changes = []
        for name, now in user.edited.items():
            had = mine.get(name, before.get(name, now))
            if before.get(name, had) != now:
                changes.append((LABELS[name], shown(name, now), shown(name, had)))
        kept = {name: str(value) for name, value in user.edited.items() if name in self.fields and name not in mine}
        put_into(self, **kept, version=json.dumps(user.edited))
        return changes


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


class RenameForm(forms.Form):
    """Window *Change username or email*. A service account has no email address. The rules are the service's."""

    username = forms.CharField(label="Username", max_length=USERNAME_MAX, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.CharField(label="Email", required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"}))

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data, initial={"username": user.username, "email": user.email})
        if user.kind == User.Kind.SERVICE:
            del self.fields["email"]


class SignInForm(allauth_forms.LoginForm):
    """django-allauth's, without the end that it sets on the session: the session ends with its temporary token."""

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        self._login.redirect_url = redirect_url
        return perform_password_login(request, self.user_credentials(), self._login)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """django-allauth's looks the address up and writes an email if it finds somebody, which takes longer than finding nobody. This one does
    the same work for every address; who has it is looked up when the email is sent."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        emails.queue_password_reset(self.cleaned_data["email"], access.actor_of(request))
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
