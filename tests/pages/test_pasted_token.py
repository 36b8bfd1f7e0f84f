"""An API token that somebody puts into a search box: it is looked up, not searched for, and stays in no address, page or log."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.core.list_views import matching
from portal.users.models import User
from tests.api.caller import Caller
from tests.factories import UserFactory, issue
from tests.pages.visitor import Visitor
from tokens import token_format
from tokens.models import Token

LISTS = [
    ("users:list", []),
    ("tokens:all", []),
    ("tokens:user_tokens", ["bob@example.com"]),
    ("faults:list", []),
    ("settings:config", []),
    ("profile", []),
    ("home", []),
    ("admin:tokens_token_changelist", []),
    ("admin:users_user_changelist", []),
    ("admin:faults_fault_changelist", []),
    ("audit:list", []),
]


@pytest.fixture
def text(person: User) -> str:
    return issue(person, "deploy")[1]


def seen(visitor: Visitor, url: str = "/profile/") -> str:
    """What the visitor's next page says, its toasts included."""
    return visitor.get(url).content.decode()


@pytest.mark.parametrize(("name", "arguments"), LISTS)
def test_an_address_with_a_token_leads_to_the_same_address_without_it(
    as_administrator: Visitor,
    text: str,
    name: str,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    searched = []
    monkeypatch.setattr("portal.core.list_views.matching", lambda rows, search, q: searched.append(q) or matching(rows, search, q))
    url = reverse(name, args=arguments)
    response = as_administrator.get(url, {"q": f"Bearer {text}", "o": "1"})
    assert (response.status_code, response["Location"]) == (302, f"{url}?o=1")
    assert text not in response.content.decode()
    page = seen(as_administrator, response["Location"])
    assert f"deploy (tpp_…{text[-4:]}) of bob@example.com, active" in page
    assert "replace the token" in page
    assert text[4:] not in page + caplog.text + "".join(searched)


def test_where_the_name_of_a_parameter_is_a_token_it_goes_too(as_administrator: Visitor, text: str) -> None:
    assert as_administrator.get("/profile/", {text: ""})["Location"] == "/profile/"


def test_a_part_of_a_page_makes_the_whole_page_go_there(as_administrator: Visitor, text: str) -> None:
    response = as_administrator.get(reverse("tokens:all"), {"q": text, "status": "active"}, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (204, reverse("tokens:all") + "?status=active")
    assert response.content == b""


def test_a_visitor_who_is_not_signed_in_hears_nothing_about_a_token(anonymous: Visitor, text: str) -> None:
    response = anonymous.get(reverse("account_login"), {"next": f"/access-control/user-tokens/?q={text}"}, follow=True)
    assert response.redirect_chain == [(reverse("account_login"), 302)]
    assert response.status_code == 200
    assert "deploy" not in response.content.decode()
    assert anonymous.get(reverse("tokens:all"), {"q": text})["Location"] == reverse("tokens:all")


def test_the_way_out_of_an_address_stays_on_this_site(as_person: Visitor, text: str) -> None:
    assert as_person.get("/%2Fevil.example/", {"q": text})["Location"] == "/%2Fevil.example/"


@pytest.mark.parametrize("query", ["deploy", "tpp_", "tpp_…4f2c", "tpp_deployment_of_the_pipeline", "tpp_0123456789"])
def test_other_texts_are_searched_for(as_administrator: Visitor, query: str) -> None:
    assert as_administrator.get(reverse("tokens:all"), {"q": query}).status_code == 200


def looked_up(visitor: Visitor, text: str) -> str:
    visitor.htmx = "window"
    response = visitor.send("tokens:look_up", token=text)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return re.sub(r"\s+", " ", response.content.decode())


def test_an_administrator_sees_whose_token_it_is(as_administrator: Visitor, text: str) -> None:
    page = looked_up(as_administrator, text)
    for said in ("deploy", f"tpp_…{text[-4:]}", "bob@example.com", "Active", reverse("tokens:user_tokens", args=["bob@example.com"])):
        assert said in page
    assert text[4:] not in page


def test_everybody_else_sees_their_own_alone(as_person: Visitor, as_operator: Visitor, text: str) -> None:
    assert "deploy" in looked_up(as_person, text)
    assert "No API token that you have access to" in looked_up(as_operator, text)
    stranger = looked_up(Visitor(UserFactory()), text)
    unknown = looked_up(Visitor(UserFactory()), token_format.generate())
    assert re.sub(r'value="[^"]*"', "", stranger) == re.sub(r'value="[^"]*"', "", unknown)


def test_a_token_is_found_in_what_stands_around_it_and_without_its_last_characters(as_administrator: Visitor, text: str) -> None:
    among = [f"Authorization: Bearer {text}", f"x{text}y", f'"token":"{text}",', f"{token_format.generate()} {text}"]
    for pasted_text in (*among, text[:-1], text[:-6]):
        assert "deploy" in looked_up(as_administrator, pasted_text), pasted_text
    other = "0" if text[-1] != "0" else "1"
    for pasted_text in (text[:-7], text[:-1] + other, text[:24], "", "deploy"):
        assert "deploy" not in looked_up(as_administrator, pasted_text), pasted_text


def test_revoked_expired_and_temporary_tokens_are_named_too(as_administrator: Visitor, person: User, text: str) -> None:
    Token.objects.update(revoked_at=timezone.now())
    assert "Revoked" in looked_up(as_administrator, text)
    Visitor(person)
    temporary = Token.objects.filter(kind=Token.Kind.TEMPORARY, user=person).latest("created_at")
    body = "0" * 32
    whole = token_format.with_checksum(token_format.TEMPORARY + body)
    Token.objects.filter(pk=temporary.pk).update(digest=token_format.digest(whole), last_four=whole[-4:])
    assert f"tpt_…{whole[-4:]}" in looked_up(as_administrator, whole)


@pytest.mark.parametrize("path", ["/tokens", "/users", "/faults"])
def test_the_api_searches_for_no_token(path: str, text: str) -> None:
    caller = Caller("administrator")
    for query in ({"q": text}, {"cursor": text}, {text: "1"}):
        answer = caller.call("GET", path, query)
        assert answer.status_code == 422
        assert answer.json()["field"] == "q"
        assert "replace the token" in answer.json()["error_description"]
        assert text[4:] not in answer.content.decode()


def test_the_browser_recognises_the_same_texts_as_the_server() -> None:
    script = (settings.BASE_DIR / "static" / "js" / "pasted-token.js").read_text()
    assert f"const TOKEN = /{token_format.LIKE_A_TOKEN.pattern}/;" in script


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_rejected_form_does_not_show_the_token(person: User, text: str, signed_in: bool) -> None:
    visitor = Visitor(person if signed_in else None, enforce_csrf_checks=True)
    response = visitor.post(reverse("tokens:look_up"), {"token": text}, headers={"Sec-Fetch-Site": "same-origin"}, follow=True)
    assert text[4:] not in response.content.decode()
    assert all(text[4:] not in url for url, status in response.redirect_chain)


def test_no_name_of_a_user_holds_a_token(as_administrator: Visitor, text: str) -> None:
    taken = {"username": "new@example.com", "display_name": text, "role": "user"}
    assert "Display name can&#x27;t contain an API token." in as_administrator.send("users:create", **taken).content.decode()
    taken |= {"username": text, "display_name": ""}
    assert "Username can&#x27;t contain an API token." in as_administrator.send("users:create", **taken).content.decode()
    assert not User.objects.filter(username__in=["new@example.com", text]).exists()
