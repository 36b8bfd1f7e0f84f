"""Signing in and out, and setting a new password: what works, what is refused in the same words, and what is slowed down."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail as sent_mail
from django.urls import reverse
from django.utils import timezone

from portal.notifications import delivery
from portal.notifications.models import Message
from portal.users.models import User
from tests import checks
from tests.factories import PASSWORD, AdministratorFactory, ServiceFactory, UserFactory
from tests.one_time_links import NEW_PASSWORD, ask_for_reset, sent_link, use
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import sessions
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db
REFUSED = "The username, email or password is not correct."


def sign_in(login: str, password: str = PASSWORD, **options: str) -> tuple[Visitor, Page]:
    visitor = Visitor(**options)
    return visitor, Page(visitor.send("account_login", login=login, password=password))


def inside(visitor: Visitor) -> bool:
    return visitor.get(reverse("profile")).status_code == 200


def said(page: Page) -> str:
    return " ".join(alert.text for alert in page.all("div", "alert"))


@pytest.mark.parametrize(
    ("username", "login"),
    [("bob", "bob"), ("bob", "BOB"), ("robert@example.com", "robert@example.com"), ("robert@example.com", "Robert@Example.com")],
)
def test_username_or_email_and_password_sign_in(username: str, login: str) -> None:
    user = AdministratorFactory(username=username)
    visitor, page = sign_in(login)
    assert (page.status, inside(visitor)) == (302, True)
    token = Token.objects.get()
    assert (token.user, token.kind) == (user, "temporary")


@pytest.mark.parametrize("login", ["nobody@example.com", "robert@example.com"])
def test_a_wrong_password_costs_the_same_work_whether_the_person_exists(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    AdministratorFactory(username="robert@example.com")
    work = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: work.append(1) or encode(self, *args))
    sign_in(login, "a wrong password")
    assert len(work) == 1


def test_the_browser_that_resets_the_password_is_signed_out_too(as_person: Visitor) -> None:
    text = sessions.reveal(Token.objects.get())
    ask_for_reset(as_person.user.email)
    use(sent_link(), visitor=as_person)
    assert checks.verification_result(text, timezone.now()) is RejectionReason.REVOKED
    assert not inside(as_person)


def test_each_sign_in_has_a_session_of_its_own_with_a_new_key(person: User) -> None:
    visitor = Visitor()
    visitor.get(reverse("account_login"))
    visitor.session.save()
    before = visitor.session.session_key
    visitor.send("account_login", login=person.username, password=PASSWORD)
    assert visitor.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(person: User) -> None:
    answers = [
        sign_in(person.username, "wrong"),
        sign_in("nobody@example.com", "wrong"),
        sign_in("nobody", "wrong"),
        sign_in(ServiceFactory().username, "wrong"),
        sign_in(UserFactory(is_active=False).username, "wrong"),
        sign_in(UserFactory(is_active=False, deleted_at=timezone.now()).username, "wrong"),
    ]
    assert {said(page) for _visitor, page in answers} == {REFUSED}
    assert not any(inside(visitor) for visitor, _page in answers)
    assert not Token.objects.exists()


@pytest.mark.parametrize(("login", "password"), [("", ""), ("bob@example.com", ""), ("", PASSWORD)])
def test_an_empty_field_is_named(login: str, password: str, person: User) -> None:
    visitor, page = sign_in(login, password)
    assert said(page) == "Enter your username or email, and your password."
    assert page.value("login") == login
    assert PASSWORD not in page.source
    assert not inside(visitor)


@pytest.mark.parametrize("login", ["' OR 1=1 --", "<script>", "n\x00l", "x" * 10_000, "🚀"])
def test_odd_names_are_refused_in_words(login: str) -> None:
    visitor, page = sign_in(login)
    assert said(page)
    assert not inside(visitor)


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(person: User) -> None:
    for _ in range(5):
        assert said(sign_in(person.username, "wrong")[1]) == REFUSED
    visitor, page = sign_in(person.username)
    assert is_throttled(page)
    assert not inside(visitor)
    unknown = [sign_in("nobody@example.com", "wrong", REMOTE_ADDR="192.0.2.7")[1] for _ in range(6)]
    assert [is_throttled(page) for page in unknown] == [False] * 5 + [True]


def test_a_forged_forwarding_header_does_not_get_round_the_limit(person: User) -> None:
    for number in range(6):
        _visitor, page = sign_in(person.username, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert is_throttled(page)


def is_throttled(page: Page) -> bool:
    """Whether this is the portal's page for too many attempts."""
    if page.status != 429:
        return False
    assert "Too many attempts" in page.one("title").text
    assert settings.PORTAL_NAME in page.one("title").text
    assert re.search(r"Try again in \d+ (minute|second)s?\.", page.one("main").text)
    return True


@pytest.mark.parametrize("how", ["service", "inactive", "deleted"])
def test_who_may_not_sign_in_does_not_even_with_the_right_password(how: str) -> None:
    user = UserFactory(username="pat@example.com")
    changes = {
        "service": {"kind": "service"},
        "inactive": {"is_active": False},
        "deleted": {"is_active": False, "deleted_at": timezone.now()},
    }
    User.objects.filter(pk=user.pk).update(**changes[how])
    visitor, _page = sign_in("pat@example.com")
    assert not inside(visitor)
    assert not Token.objects.exists()


def test_signing_out_ends_session_and_temporary_token(as_person: Visitor) -> None:
    key = as_person.session.session_key
    asked = as_person.see("account_logout")
    assert "Your temporary API token ends with your session." in asked.text
    assert inside(as_person)
    assert as_person.send("account_logout")["Location"] == reverse("account_login")
    assert not inside(as_person)
    as_person.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not inside(as_person)
    assert Token.objects.get().revoked_at is not None


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_leads_to_no_other_site(target: str, person: User) -> None:
    visitor = Visitor()
    response = visitor.send("account_login", login=person.username, password=PASSWORD, next=target)
    assert response["Location"] == reverse("home")


def test_sign_in_leads_on_to_the_page_that_was_asked_for(person: User) -> None:
    visitor = Visitor()
    asked = Page(visitor.get(reverse("profile") + "?q=x", follow=True))
    assert asked.value("next") == "/profile/?q=x"
    response = visitor.send("account_login", login=person.username, password=PASSWORD, next=asked.value("next"))
    assert response["Location"] == "/profile/?q=x"


def test_a_reset_mails_link_is_made_of_the_portals_address_and_not_of_the_host_header(person: User) -> None:
    ask_for_reset(person.email, HTTP_HOST="localhost", HTTP_X_FORWARDED_HOST="evil.example")
    sent_link()
    (email,) = sent_mail.outbox
    for text in (email.body, email.alternatives[0][0]):
        links = set(re.findall(r"https?://[^\s\"<]+", text))
        assert links
        assert {urlsplit(link).netloc for link in links} == {urlsplit(settings.PORTAL_URL).netloc}
        assert "localhost" not in text


def test_a_reset_link_sets_the_password_once_and_ends_all_sessions(as_person: Visitor) -> None:
    ask_for_reset(as_person.user.email)
    visitor, link = Visitor(), sent_link()
    assert use(link, visitor=visitor).one("h1").text == "Your password is set"
    assert not inside(visitor)
    assert not inside(as_person)
    assert checks.rejection_reason(Token.objects.get(), timezone.now()) is RejectionReason.REVOKED
    assert inside(sign_in(as_person.user.username, NEW_PASSWORD)[0])
    assert not inside(sign_in(as_person.user.username)[0])
    assert use(link).one("h1").text == "This link no longer works"


@pytest.mark.parametrize("password", ["short", "12345678", "password", "bob@example.com"])
def test_a_weak_new_password_is_refused_with_the_reason(password: str, as_person: Visitor) -> None:
    page = Page(as_person.send("account_change_password", oldpassword=PASSWORD, password1=password, password2=password))
    assert page.errors
    as_person.user.refresh_from_db()
    assert as_person.user.check_password(PASSWORD)


def test_a_wrong_old_password_changes_nothing(as_person: Visitor) -> None:
    new = "a-staple-of-batteries"
    page = Page(as_person.send("account_change_password", oldpassword="wrong", password1=new, password2=new))
    assert list(page.errors) == ["oldpassword"]
    as_person.user.refresh_from_db()
    assert as_person.user.check_password(PASSWORD)


def test_a_reset_for_an_unknown_address_looks_the_same_and_sends_nothing(person: User) -> None:
    known = ask_for_reset(person.email)
    inactive = UserFactory(is_active=False)
    gone = UserFactory(is_active=False, deleted_at=timezone.now())
    for address in ("nobody@example.com", inactive.email, gone.email):
        answer = ask_for_reset(address)
        assert (answer.status, answer.one("h1").text, answer.one("main").text) == (200, known.one("h1").text, known.one("main").text)
    assert delivery.deliver(timezone.now()) == (1, 0)
    assert [email.to for email in sent_mail.outbox] == [[person.email]]
    assert Message.objects.count() == 1  # what had nobody to go to is not kept


def test_there_is_no_sign_up(anonymous: Visitor) -> None:
    response = anonymous.post(reverse("account_signup"), {"username": "eve", "password1": PASSWORD}, follow=True)
    assert Page(response).one("h1").text == "Sign in"
    assert not User.objects.exists()
