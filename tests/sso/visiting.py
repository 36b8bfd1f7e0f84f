"""What a person does in a browser to sign in by the company."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse

from tests.pages.visitor import Visitor
from tests.sso.provider import Provider


def begin(visitor: Visitor, provider_id: str = "acme", **data: Any) -> str:
    """Presses the button: the address at the provider to which the page leads on."""
    return leads_to(visitor.send("openid_connect_login", provider_id, **data))


def leads_to(response: Any) -> str:
    assert response.status_code == 200, response
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', response.content.decode())
    assert found
    return html.unescape(found[1])


def come_back(visitor: Visitor, address: str) -> Any:
    """Follows the provider's redirect to the portal."""
    parts = urlsplit(address)
    return visitor.get(f"{parts.path}?{parts.query}")


def sign_in(provider: Provider, visitor: Visitor | None = None, provider_id: str = "acme", **data: Any) -> tuple[Visitor, Any]:
    """The whole sign-in, and the response to its last step."""
    visitor = visitor or Visitor()
    return visitor, come_back(visitor, provider.authorize(begin(visitor, provider_id, **data)))


def inside(visitor: Visitor) -> bool:
    return visitor.get(reverse("profile")).status_code == 200
