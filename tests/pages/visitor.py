"""A visitor of the portal, without a browser and so without JavaScript: Django's test client, with htmx where a test asks for it."""

import json
from typing import Any

from django.test import Client
from django.urls import reverse

from portal.users.models import User
from tests.pages.page import Page


class Visitor(Client):
    """Signed in as `user`, or anonymous. `htmx` names the dialog ("pane", "window") that the requests are for."""

    def __init__(self, user: User | None = None, htmx: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.user, self.htmx = user, htmx
        if user:
            self.force_login(user)

    def generic(self, *args: Any, **options: Any) -> Any:
        if self.htmx:
            headers = {"HX-Request": "true", "HX-Target": self.htmx, "HX-Current-URL": "http://testserver/profile/"}
            options["headers"] = {**headers, **(options.get("headers") or {})}
        return super().generic(*args, **options)

    def see(self, url: str, /, *args: Any, **query: Any) -> Page:
        """The page at a URL, or at a URL's name and arguments."""
        return Page(self.get(address(url, *args), query))

    def send(self, url: str, /, *args: Any, **data: Any) -> Any:
        """Posts a form to a URL, or to a URL's name and arguments. Like every form of ours it carries the CSRF field."""
        return self.post(address(url, *args), {"csrfmiddlewaretoken": "unchecked", **data})

    def submit(self, url: str, /, *args: Any, **typed: Any) -> Any:
        """Opens the form at a URL, or at a URL's name and arguments, types these values and sends it, as a browser does. A box that is
        not ticked is not sent."""
        form = self.see(url, *args).all("form", "portal-form")[0]
        fields = [each for tag in ("input", "select", "textarea") for each in form.all(tag) if "name" in each.attributes]
        off = [each for each in fields if each.attributes.get("type") == "checkbox" and "checked" not in each.attributes]
        values = {each.attributes["name"]: form.value(each.attributes["name"]) for each in fields if each not in off}
        return self.post(address(url, *args), values | typed)


def address(url: str, *args: Any) -> str:
    return url if url.startswith("/") else reverse(url, args=args)


def toast(response: Any) -> dict[str, str]:
    """What the toast of an htmx answer says, and its level."""
    return json.loads(response["HX-Trigger"])["toast"]
