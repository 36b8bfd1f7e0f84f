"""The one-time links that set a password: asked for as a person does, read from the emails that were sent, and used in a browser."""

import re

from django.conf import settings
from django.core import mail as sent_mail
from django.urls import reverse
from django.utils import timezone

from portal.notifications import delivery
from tests.pages.page import Page
from tests.pages.visitor import Visitor

NEW_PASSWORD = "a-staple-of-batteries"


def ask_for_reset(address: str, **options: str) -> Page:
    return Page(Visitor(**options).post(reverse("account_reset_password"), {"email": address}, follow=True))


def sent_link() -> str:
    """Sends what is queued. Returns the path of the link in the latest email that has one."""
    delivery.deliver(timezone.now())
    for message in reversed(sent_mail.outbox):
        if found := set(re.findall(rf"{re.escape(settings.PORTAL_URL)}(/accounts/password/reset/\S+-\S+/)", message.body)):
            (link,) = found
            return link
    raise AssertionError("no email has a link")


def use(link: str, password: str = NEW_PASSWORD, visitor: Visitor | None = None) -> Page:
    """Opens the link and sends its form. Returns the page that says what came of it."""
    visitor = visitor or Visitor()
    form = Page(visitor.get(link, follow=True))
    if not form.all("input", type="password"):
        return form
    action = form.one("form", method="post").attributes["action"]
    return Page(visitor.post(action, {"password1": password, "password2": password}, follow=True))
