"""Profile: who is signed in, the temporary token, and one's own tokens."""

import json

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.users.models import User
from tests import checks
from tests.factories import PASSWORD, TokenFactory
from tests.pages.visitor import Visitor
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db


def reveal(visitor: Visitor) -> HttpResponse:
    """What the eye and copy buttons ask for."""
    return visitor.post(reverse("tokens:temporary"), headers={"Accept": "application/json"})


def text_of(visitor: Visitor) -> str:
    return json.loads(reveal(visitor).content)["token"]


def verification_result(text: str) -> object:
    return checks.verification_result(text, timezone.now())


@pytest.mark.parametrize("role", User.Role.values)
def test_user_info_names_email_and_role(role: str, person: User) -> None:
    User.objects.filter(pk=person.pk).update(role=role)
    facts = Visitor(person).see("profile").one("section", aria_labelledby="user-info").one("dl", "facts")
    assert [fact.text for fact in facts.all("dd")[:2]] == ["bob@example.com", User.Role(role).label]


def test_the_temporary_token_is_masked_and_its_text_stands_on_no_page(as_administrator: Visitor) -> None:
    text = text_of(as_administrator)
    page = as_administrator.see("profile")
    assert page.all("code", data_masked=f"**********{text[-4:]}")[0].text == f"**********{text[-4:]}"
    for url in ("profile", "users:list", "tokens:all", "settings:config", "faults:list", "account_change_password"):
        assert text[4:12] not in as_administrator.see(url).source


def test_the_temporary_token_is_given_as_json_that_nobody_keeps(as_person: Visitor) -> None:
    response = reveal(as_person)
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    token = verification_result(json.loads(response.content)["token"])
    assert isinstance(token, Token)
    assert (token.user, token.kind) == (as_person.user, "temporary")
    assert text_of(as_person) == json.loads(response.content)["token"]


def test_each_session_has_a_temporary_token_of_its_own(person: User) -> None:
    one, two = Visitor(person), Visitor(person)
    assert text_of(one) != text_of(two)
    assert isinstance(verification_result(text_of(one)), Token)
    assert isinstance(verification_result(text_of(two)), Token)


def test_without_javascript_the_eye_shows_the_token_on_a_page_of_its_own(as_person: Visitor) -> None:
    form = as_person.see("profile").all("form", "temporary-token")[0]
    assert (form.attributes["action"], form.attributes["method"]) == (reverse("tokens:temporary"), "post")
    page = as_person.see("profile")
    response = as_person.post(form.attributes["action"], headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert text_of(as_person) in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert page.status == 200


def test_the_temporary_token_ends_with_the_session_that_signs_out_and_no_other(person: User) -> None:
    one, two = Visitor(person), Visitor(person)
    first, second = text_of(one), text_of(two)
    one.send("account_logout")
    assert verification_result(first) is RejectionReason.REVOKED
    assert isinstance(verification_result(second), Token)
    assert reveal(one).status_code == 302


def test_a_password_change_ends_the_other_sessions_and_their_tokens(person: User) -> None:
    one, two = Visitor(person), Visitor(person)
    first, second = text_of(one), text_of(two)
    new = "another-horse-battery"
    response = one.send("account_change_password", oldpassword=PASSWORD, password1=new, password2=new)
    assert response.status_code == 302
    assert text_of(one) == first
    assert isinstance(verification_result(first), Token)
    assert not isinstance(verification_result(second), Token)
    assert reveal(two)["Location"].startswith(reverse("account_login"))


def test_deactivation_ends_session_and_token_at_once(as_person: Visitor, as_administrator: Visitor) -> None:
    text = text_of(as_person)
    as_administrator.send("users:deactivate", as_person.user.username)
    assert not isinstance(verification_result(text), Token)
    assert reveal(as_person)["Location"].startswith(reverse("account_login"))


def test_when_the_temporary_token_is_over_the_profile_says_how_to_get_another(as_person: Visitor) -> None:
    Token.objects.update(revoked_at=timezone.now())
    assert "This session no longer has a temporary token." in as_person.see("profile").text
    assert reveal(as_person).status_code == 404
    html = as_person.post(reverse("tokens:temporary"), headers={"Accept": "text/html"})
    assert (html.status_code, html["Location"]) == (302, reverse("profile"))


def test_the_sign_in_and_its_token_live_as_long_as_config_says(person: User) -> None:
    config.add("session_minutes", "30", None)
    visitor = Visitor()
    assert visitor.send("account_login", login=person.username, password=PASSWORD).status_code == 302
    token = person.tokens.get()
    assert (token.expires_at - token.created_at).total_seconds() == 30 * 60
    ends = Session.objects.get().expire_date
    assert abs((ends - token.expires_at).total_seconds()) < 5
    assert visitor.cookies[settings.SESSION_COOKIE_NAME]["max-age"] <= 30 * 60


def test_only_administrators_see_the_ways_to_a_permanent_token(as_person: Visitor, as_operator: Visitor, as_administrator: Visitor) -> None:
    for visitor, allowed in ((as_person, False), (as_operator, False), (as_administrator, True)):
        page = visitor.see("profile")
        assert ("Permanent API Token" in page.text) is allowed
        assert bool(page.all("a", href=reverse("tokens:add_own"))) is allowed
        assert bool(page.all("a", href=reverse("tokens:create_own"))) is allowed
        assert "Temporary API Token" in page.text


def test_the_list_has_the_documented_columns_and_only_ones_own_tokens(as_person: Visitor) -> None:
    mine = TokenFactory(user=as_person.user, name="mine", last_used_at=timezone.now())
    over = TokenFactory(user=as_person.user, name="over", revoked_at=timezone.now())
    TokenFactory(name="another's")
    page = as_person.see("profile")
    assert page.columns[:7] == ["Name", "Token", "Created", "Last used", "Expires", "Status", page.columns[6]]
    rows = {row[0]: row for row in page.rows}
    assert set(rows) == {"mine", "over"}
    assert rows["mine"][1] == f"tpp_…{mine.last_four}"
    assert (rows["mine"][5], rows["mine"][6]) == ("Active", "Revoke")
    assert (rows["over"][5], rows["over"][6]) == ("Revoked", "")
    assert rows["over"][3] == "—"
    assert rows["mine"][3] != "—"
    assert page.all("a", aria_label="Revoke mine")
    assert over.last_four in rows["over"][1]


@pytest.mark.usefixtures("in_utc")
def test_a_date_shows_the_instant_with_its_zone_on_hover(as_person: Visitor) -> None:
    token = TokenFactory(user=as_person.user)
    times = as_person.see("profile").one("tbody").all("time")
    assert [time.attributes["title"] for time in times] == [
        f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (token.created_at, token.last_moment)
    ]


def test_the_user_menu_has_name_role_and_the_documented_entries(as_administrator: Visitor) -> None:
    menu = as_administrator.see("profile").one("div", "user-menu")
    assert (menu.one("strong").text, menu.one("span", "pill").text) == ("Alice", "Administrator")
    assert [entry.text for entry in menu.all(class_="dropdown-item")] == ["Profile", "Copy API Token", "Logout"]
