"""In WebKit and Firefox: the page that leads on to the company's provider, and the way back, wide and on a phone."""

import pytest
from django.urls import reverse

from portal.users.models import User
from tests.engines.driving import Portal
from tests.factories import UserFactory
from tests.sso.conftest import nothing_kept, one_provider, provider
from tests.sso.provider import Provider

__all__ = ["nothing_kept", "one_provider", "provider"]
pytestmark = pytest.mark.field


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_an_invited_person_signs_in_by_the_company(portal: Portal, provider: Provider, size: str) -> None:
    user = UserFactory(username="ann@example.com")
    User.objects.filter(pk=user.pk).update(password="!")
    portal.resize(size)
    portal.open(reverse("profile"))
    portal.click("Continue with Acme")
    portal.shows("h1", "Profile")
    portal.shows("[aria-labelledby=sign-in-methods] li", "ann@example.com")
    assert portal.script("return document.documentElement.scrollWidth <= innerWidth")
