"""The page for the code of a program on another machine: what its user sees and decides."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from tests.cli import poll, request_device_login
from tests.factories import PASSWORD, OperatorFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens.models import DeviceLogin, Token

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
PAGE = "/device/"


@pytest.fixture
def visitor() -> Visitor:
    return Visitor(UserFactory(username="bob@example.com"))


def test_the_page_names_the_program_and_where_it_asked(visitor: Visitor) -> None:
    code = request_device_login('"Token Portal" & friends', REMOTE_ADDR="192.0.2.7")["user_code"]
    seen = Page(visitor.send(PAGE, user_code=code))
    facts = dict(zip([fact.text for fact in seen.all("dt")], [fact.text for fact in seen.all("dd")], strict=True))
    assert facts["Program"] == '"Token Portal" & friends Unverified name'
    assert facts["Code"] == code
    assert facts["Requested"].endswith(" from 192.0.2.7")
    assert facts["Signs in as"] == "bob@example.com"
    assert "Approve only if you started this yourself" in seen.text
    assert DeviceLogin.objects.get().state == "pending"


def test_the_consent_page_has_a_form_for_each_decision(visitor: Visitor) -> None:
    code = request_device_login()["user_code"]
    seen = Page(visitor.send(PAGE, user_code=code))
    form = seen.all("form", "portal-form")[0]
    assert form.attributes["action"] == reverse("tokens:device_approve")
    assert form.value("confirmed") == code
    buttons = {button.text: button.attributes.get("formaction") for button in form.all("button")}
    assert buttons == {"Deny": reverse("tokens:device_deny"), "Approve": None}


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', '  ')}\t", ". ".join])
def test_section_6_1_a_code_is_entered_in_any_spelling(visitor: Visitor, change: object) -> None:
    code = request_device_login()["user_code"]
    assert code in visitor.send(PAGE, user_code=change(code)).content.decode()


@pytest.mark.parametrize("typed", ["BBBB-BBBB", "", "-", "BBBB", "x" * 5000, "ſſſſ-ſſſſ", "\x00", "<script>", "1234-5678"])
def test_a_wrong_code_is_shown_again_with_an_error(visitor: Visitor, typed: str) -> None:
    for name, field in (("tokens:device", "user_code"), ("tokens:device_approve", "confirmed"), ("tokens:device_deny", "confirmed")):
        answer = visitor.send(name, **{field: typed})
        assert answer.status_code == 422
        box = next(each for each in Page(answer).all("input") if each.attributes.get("name") == "user_code")
        assert box.attributes["aria-describedby"] == "id_user_code_error"


def test_section_3_3_1_the_complete_address_only_fills_the_code_in(visitor: Visitor) -> None:
    code = request_device_login()["user_code"]
    seen = visitor.see(reverse("tokens:device", query={"user_code": code}))
    assert next(each for each in seen.all("input") if each.attributes.get("name") == "user_code").attributes["value"] == code
    assert "acme cli" not in seen.text
    assert DeviceLogin.objects.get().state == "pending"


def test_a_decision_needs_a_post(visitor: Visitor) -> None:
    code = request_device_login()["user_code"]
    for name in ("tokens:device_approve", "tokens:device_deny"):
        answer = visitor.get(reverse(name, query={"confirmed": code}))
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert DeviceLogin.objects.get().state == "pending"


def test_who_is_not_signed_in_comes_back_with_the_code() -> None:
    user, visitor = UserFactory(), Visitor()
    page = reverse("tokens:device", query={"user_code": request_device_login()["user_code"]})
    to_sign_in = visitor.get(page)
    back = dict(parse_qsl(urlsplit(to_sign_in["Location"]).query))["next"]
    signed_in = visitor.post(to_sign_in["Location"], {"login": user.username, "password": PASSWORD, "next": back})
    assert signed_in["Location"] == page
    assert visitor.get(page).status_code == 200


def test_an_approval_without_a_session_is_not_kept(visitor: Visitor) -> None:
    codes = request_device_login()
    answer = Visitor().post(reverse("tokens:device_approve"), {"confirmed": codes["user_code"]}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer["Location"].startswith(reverse("account_login"))
    assert codes["user_code"] not in answer.content.decode() + answer["Location"]
    assert poll(codes["device_code"]).json()["error"] == "authorization_pending"


def test_the_pages_after_a_decision_say_what_was_decided(visitor: Visitor) -> None:
    first, second = request_device_login(), request_device_login()
    approved = Page(visitor.send("tokens:device_approve", confirmed=first["user_code"]))
    assert "acme cli will be signed in as bob@example.com" in approved.text
    assert "acme cli was denied access" in Page(visitor.send("tokens:device_deny", confirmed=second["user_code"])).text


def test_operators_see_each_step_in_the_audit_trail() -> None:
    codes, visitor = request_device_login(), Visitor(OperatorFactory())
    visitor.send("tokens:device_deny", confirmed=codes["user_code"])
    seen = visitor.see("audit:list").text
    assert seen.count("acme cli at 127.0.0.1") == 2
    for entry in Entry.objects.all():
        assert visitor.get(reverse("audit:entry", args=[entry.pk])).status_code == 200


@pytest.mark.parametrize(("name", "field"), [("tokens:device", "user_code"), ("tokens:device_approve", "confirmed")])
def test_a_session_without_a_valid_temporary_token_approves_nothing(visitor: Visitor, name: str, field: str) -> None:
    code = request_device_login()["user_code"]
    Token.objects.update(revoked_at=timezone.now())
    answer = visitor.send(name, **{field: code})
    assert answer.status_code == 409
    assert "Sign out and sign in again" in answer.content.decode()
    assert DeviceLogin.objects.get().state == "pending"


def test_the_page_is_in_no_cache_and_in_no_frame(visitor: Visitor) -> None:
    shown = visitor.send(PAGE, user_code=request_device_login()["user_code"])
    assert "no-store" in shown["Cache-Control"]
    assert shown["X-Frame-Options"] == "DENY"
