"""Sessions, by keyboard, in light and dark and on a phone: what is listed, and what ends."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.accessibility import PHONE, audit, too_wide
from tests.browser.watching import Visit
from tests.clock import DAY
from tests.factories import SignInFactory, UserFactory
from tests.sessions.signing_in import FIREFOX, sign_in
from tests.sessions.signing_in import PHONE as IPHONE

pytestmark = pytest.mark.field
IPV6 = "2001:db8:1234:5678:9abc:def0:1234:5678"


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def rows(page: Page, title: str = "Active sessions") -> list[str]:
    return page.get_by_role("region", name=title).get_by_role("row").all_inner_texts()[1:]


def test_a_person_ends_sessions_by_keyboard(visit: Visit, transactional_db: None) -> None:
    user = UserFactory()
    phone, laptop, other = sign_in(user, IPHONE, IPV6), sign_in(user, FIREFOX), sign_in(user, "curl/8.5.0")
    SignInFactory(user=user, signed_in_at=timezone.now() - 3 * DAY)
    page = visit(user, reverse("profile"))
    page.get_by_role("link", name="Manage sessions").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Active sessions")).to_be_visible()
    assert len(rows(page)) == 4
    assert "This session" in rows(page)[0]
    assert len(rows(page, "Ended in the last 30 days")) == 1
    found = audit(page, "sessions") + too_wide(page, "sessions")
    assert not found, "\n".join(found)

    page.get_by_role("button", name=f"End session: Safari on iPhone, {IPV6}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Session ended: Safari on iPhone.")).to_be_visible()
    assert [is_signed_in(each) for each in (phone, laptop, other)] == [False, True, True]

    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="End all other sessions").click()
    expect(page.get_by_text("2 sessions ended.")).to_be_visible()
    assert [is_signed_in(each) for each in (laptop, other)] == [False, False]
    assert len(rows(page)) == 1
    page.get_by_role("region", name="Active sessions").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_administrator_ends_the_sessions_of_a_user(visit: Visit, administrator: User) -> None:
    user = UserFactory(username="bob@example.com", display_name="Bob")
    clients = [sign_in(user, IPHONE), sign_in(user)]
    page = visit(administrator, reverse("tokens:user_tokens", args=[user.username]))
    page.get_by_role("link", name="Sessions", exact=True).click()
    expect(page.get_by_role("heading", name="Active sessions")).to_be_visible()
    found = audit(page, "a user's sessions") + too_wide(page, "a user's sessions")
    assert not found, "\n".join(found)
    page.get_by_role("button", name="End session: Safari on iPhone, 192.0.2.7").click()
    expect(page.get_by_text("Session ended: Safari on iPhone.")).to_be_visible()
    assert [is_signed_in(each) for each in clients] == [False, True]
    page.get_by_role("button", name="End all sessions").click()
    expect(page.get_by_text("Bob is not signed in anywhere.")).to_be_visible()
    assert not is_signed_in(clients[1])
