from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from portal.directory.models import DESCRIPTION_MAX, NAME_MAX


class SearchInput(forms.TextInput):
    """A text box that suggests people, or people and groups, while somebody types. Without JavaScript a username is typed in full."""

    def __init__(self, with_groups: bool) -> None:
        super().__init__(attrs={"autocomplete": "off", "maxlength": NAME_MAX + 10, "spellcheck": "false"})
        self.with_groups = with_groups

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        field = (attrs or {}).get("id", name)
        address = reverse("directory:search") + f"?field={name}" + ("&groups=1" if self.with_groups else "")
        htmx = {"list": f"{field}-options", "hx-get": address, "hx-target": f"#{field}-options", "hx-trigger": "input changed delay:200ms"}
        box = super().render(
            name, value, (attrs or {}) | htmx | {"hx-swap": "innerHTML", "hx-disabled-elt": "unset", "data-background": ""}, renderer
        )
        return render_to_string("directory/_search_input.html", {"box": box, "id": f"{field}-options"})


def person_field(label: str) -> forms.CharField:
    return forms.CharField(label=label, widget=SearchInput(False), help_text="Type a part of the name or email address, then choose.")


def owner_field(label: str, help_text: str, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, required=required, widget=SearchInput(True), help_text=help_text)


OWNER_HELP = "A username, or group: with the name of a group. Type a part of the name, then choose."


class GroupForm(forms.Form):
    """The rules are the service's."""

    name = forms.CharField(label="Name", widget=forms.TextInput(attrs={"maxlength": NAME_MAX, "autocomplete": "off"}))
    description = forms.CharField(
        label="Description", required=False, widget=forms.TextInput(attrs={"maxlength": DESCRIPTION_MAX, "autocomplete": "off"})
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)


class AddMemberForm(forms.Form):
    person = person_field("Person")


class AddOwnerForm(forms.Form):
    owner = owner_field("Owner", OWNER_HELP)


class HandOverForm(forms.Form):
    """Who becomes an owner of what would be without one. The field is there only where something would be."""

    new_owner = owner_field("New owner", f"Optional. Becomes an owner of these service accounts. {OWNER_HELP}", required=False)

    def __init__(self, *args: Any, losing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not losing:
            del self.fields["new_owner"]
