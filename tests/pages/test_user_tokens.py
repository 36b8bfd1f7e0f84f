"""Making tokens on the pages: the window that shows a token once, and nothing that shows it twice."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from portal.notifications.models import Message
from tests import checks
from tests.factories import ServiceFactory, TokenFactory, issue
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens import dates
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db
TEXT = re.compile(r"tpp_[0-9A-Za-z]{38}")
# The three ways to a permanent token: URL's name, arguments, the pane's title.
WAYS = [
    ("tokens:create", ["bob@example.com"], "Create a new token"),
    ("tokens:create_own", [], "Create API Token"),
    ("tokens:add_own", [], "Add User Token"),
]
every_way = pytest.mark.parametrize(("name", "args", "title"), WAYS)
usefixtures = pytest.mark.usefixtures("person")


def filled_in(visitor: Visitor, url: str, **values: str) -> dict[str, str]:
    """The form at `url` as a browser would send it, with these values typed in."""
    form = visitor.see(url).one("form", "portal-form")
    return {field.attributes["name"]: field.attributes.get("value", "") for field in form.all("input")} | values


def create(visitor: Visitor, url: str, **values: str) -> Any:
    return visitor.post(url, filled_in(visitor, url, **values))


@usefixtures
@every_way
@pytest.mark.parametrize("htmx", ["", "pane"])
def test_the_window_shows_the_token_once_and_forbids_keeping_it(
    name: str, args: list[str], title: str, htmx: str, as_administrator: Visitor
) -> None:
    as_administrator.htmx = htmx
    url = reverse(name, args=args)
    assert as_administrator.see(url).all("h2" if htmx else "h1")[0].text == title
    page = Page(create(as_administrator, url, name="CI/CD Pipeline"))
    text = page.one("code", id="token-secret").text
    assert TEXT.findall(page.source) == [text]
    token = checks.verification_result(text, timezone.now())
    assert isinstance(token, Token)
    assert (token.name, token.user.username) == ("CI/CD Pipeline", args[0] if args else "alice@example.com")
    assert token.created_by == as_administrator.user
    assert "no-store" in page.response["Cache-Control"]
    assert "Copy this token now — it will not be shown again." in page.text
    assert page.all(data_copy="#token-secret")[0].text == "Copy"
    assert [link.text for link in page.all("a", data_dialog_close="")] == ["Close"]
    assert len(page.all(hx_history="false")) >= 1
    assert page.all("div", data_keep_open="")


@usefixtures
def test_with_htmx_the_answer_goes_into_the_window_and_refreshes_the_list(as_administrator: Visitor) -> None:
    as_administrator.htmx = "pane"
    response = create(as_administrator, reverse("tokens:create", args=["bob@example.com"]), name="deploy")
    headers = {name: response[name] for name in ("HX-Retarget", "HX-Reswap", "HX-Trigger-After-Settle")}
    assert headers == {"HX-Retarget": "#window", "HX-Reswap": "innerHTML", "HX-Trigger-After-Settle": "list-changed"}
    assert not Page(response).all("html")


def everything_stored() -> str:
    """The rows in which a token's text could have been left, as text; sessions decoded."""
    rows = [repr(list(model.objects.values())) for model in (Entry, Message, Token)]
    return "\n".join([*rows, *(json.dumps(session.get_decoded(), default=str) for session in Session.objects.all())])


@usefixtures
@every_way
def test_the_text_is_nowhere_after_its_window(name: str, args: list[str], title: str, as_administrator: Visitor) -> None:
    url = reverse(name, args=args)
    text = Page(create(as_administrator, url, name="deploy")).one(id="token-secret").text
    after = everything_stored() + "".join(
        as_administrator.see(address).source
        for address in ("/profile/", "/administrator/users/bob@example.com/tokens/", "/access-control/user-tokens/", url)
    )
    assert "deploy" in after
    assert text not in after
    assert text[4:16] not in after


@usefixtures
@every_way
@pytest.mark.parametrize("htmx", ["", "pane"])
def test_sending_the_same_form_again_makes_no_second_token_and_shows_none(
    name: str, args: list[str], title: str, htmx: str, as_administrator: Visitor
) -> None:
    as_administrator.htmx = htmx
    url = reverse(name, args=args)
    sent = filled_in(as_administrator, url, name="deploy")
    assert TEXT.search(as_administrator.post(url, sent).content.decode())
    for change in ({}, {"name": "another name"}):
        again = Page(as_administrator.post(url, sent | change))
        assert again.status == 422
        assert not TEXT.search(again.source)
        assert again.errors == {"": "This form has already been submitted and created the token deploy. Its text can't be shown again."}
        (link,) = [each.attributes["href"] for each in again.all("a") if each.text == "Show the token in the list"]
        assert "deploy" in Visitor(as_administrator.user).see(link).one("tbody").text
    assert Token.objects.permanent().count() == 1
    # What the answer holds now is a form for another token, with the name as it was typed.
    form = again.one("form", "portal-form")
    assert (form.value("name"), [button.text for button in form.all("button", type="submit")]) == ("another name", ["Create another"])
    other = {field.attributes["name"]: field.attributes.get("value", "") for field in form.all("input")}
    assert TEXT.search(as_administrator.post(url, other).content.decode())
    assert set(Token.objects.permanent().values_list("name", flat=True)) == {"deploy", "another name"}


@usefixtures
def test_the_same_form_sent_again_after_the_tokens_revocation_makes_none_either(as_administrator: Visitor) -> None:
    url = reverse("tokens:create_own")
    sent = filled_in(as_administrator, url, name="deploy")
    as_administrator.post(url, sent)
    as_administrator.send("tokens:revoke", Token.objects.permanent().get().pk)
    assert as_administrator.post(url, sent).status_code == 422
    assert Token.objects.permanent().count() == 1


@usefixtures
def test_each_opening_of_the_form_makes_a_token_of_its_own(as_administrator: Visitor) -> None:
    url = reverse("tokens:create_own")
    texts = [Page(create(as_administrator, url, name=name)).one(id="token-secret").text for name in ("one", "two")]
    assert len(set(texts)) == 2
    assert Token.objects.permanent().count() == 2


@usefixtures
@pytest.mark.parametrize("request_id", ["", "not-a-uuid"])
def test_a_form_without_a_good_request_id_still_makes_at_most_one_token(request_id: str, as_administrator: Visitor) -> None:
    answers = [as_administrator.send("tokens:create_own", name="deploy", request_id=request_id).status_code for _ in range(2)]
    assert answers[1] == 422
    assert Token.objects.permanent().count() <= 1


@usefixtures
def test_the_expiry_date_is_the_last_day_and_blank_means_one_year(as_administrator: Visitor) -> None:
    url = reverse("tokens:create", args=["bob@example.com"])
    day = dates.day_of(timezone.now()) + timedelta(days=30)
    create(as_administrator, url, name="dated", expires=f"{day:%Y-%m-%d}")
    create(as_administrator, url, name="permanent", expires="")
    tokens = {token.name: token for token in Token.objects.permanent()}
    assert dates.day_of(tokens["dated"].last_moment) == day
    assert tokens["permanent"].expires_at - tokens["permanent"].created_at == timedelta(days=365)
    page = as_administrator.see("tokens:user_tokens", "bob@example.com")
    expected = dict(zip(page.column("Token Name"), page.column("Expiration Date"), strict=True))
    assert expected["dated"].startswith(f"{day:%b} {day.day}, {day.year} in ")


@usefixtures
def test_the_maximum_lifetime_in_config_shortens_what_blank_means(as_administrator: Visitor) -> None:
    config.add("token_lifetime_days", "90", None)
    create(as_administrator, reverse("tokens:create_own"), name="short")
    token = Token.objects.permanent().get()
    assert token.expires_at - token.created_at == timedelta(days=90)


@usefixtures
def test_the_tokens_tab_shows_each_state_with_the_documented_columns(as_administrator: Visitor) -> None:
    config.add("token_expiration_days", "15", None)
    now = timezone.now()
    owner = ServiceFactory(username="pipeline")
    for name, ends in (("active", 100), ("expiring", 15), ("expired", -1)):
        TokenFactory(user=owner, name=name, created_at=now - timedelta(days=5), expires_at=now + timedelta(days=ends, minutes=-1))
    TokenFactory(user=owner, name="revoked", revoked_at=now)
    live, _text = issue(owner, name="used")
    page = as_administrator.see("tokens:user_tokens", "pipeline")
    assert page.columns == ["Actions", "Token Name", "Token", "Expiration Date", "Created", "Last used", "Status"]
    states = dict(zip(page.column("Token Name"), page.column("Status"), strict=True))
    assert states == {"active": "Active", "expiring": "Expiring", "expired": "Expired", "revoked": "Revoked", "used": "Active"}
    assert f"tpp_…{live.last_four}" in page.column("Token")
    assert page.column("Last used") == ["—"] * 5
    assert page.total == 5


@usefixtures
@pytest.mark.parametrize("htmx", ["", "window"])
def test_revoking_names_the_token_ends_it_and_a_second_time_says_so(htmx: str, as_administrator: Visitor) -> None:
    token, text = issue(name="deploy")
    as_administrator.htmx = htmx
    confirmation = as_administrator.see("tokens:revoke", token.pk)
    assert f"Revoke deploy tpp_…{token.last_four} of {token.user.username}?" in confirmation.text
    assert isinstance(checks.verification_result(text, timezone.now()), Token)
    first = as_administrator.send("tokens:revoke", token.pk)
    assert checks.verification_result(text, timezone.now()) is RejectionReason.REVOKED
    if htmx:
        assert (first.status_code, toast(first)) == (204, {"text": "Revoked deploy.", "level": "success"})
    else:
        assert as_administrator.see(first["Location"]).toasts == ["Revoked deploy."]
    revoked_at = Token.objects.get(pk=token.pk).revoked_at
    second = as_administrator.send("tokens:revoke", token.pk)
    if htmx:
        assert toast(second) == {"text": "deploy has already been revoked.", "level": "error"}
    else:
        assert as_administrator.see(second["Location"]).toasts == ["deploy has already been revoked."]
    assert Token.objects.get(pk=token.pk).revoked_at == revoked_at


@usefixtures
def test_a_write_with_htmx_closes_the_dialog_and_refreshes_the_list(as_administrator: Visitor) -> None:
    as_administrator.htmx = "window"
    response = as_administrator.send("tokens:revoke", issue()[0].pk)
    triggers = json.loads(response["HX-Trigger"])
    assert (triggers["dialog-close"], triggers["list-changed"], response.content) == (True, True, b"")


def test_tokens_of_no_such_user_are_404(as_administrator: Visitor) -> None:
    for name in ("tokens:user_tokens", "tokens:create"):
        assert as_administrator.see(name, "nobody@example.com").status == 404
    assert as_administrator.send("tokens:create", "nobody@example.com", name="x").status_code == 404
    assert as_administrator.send("tokens:revoke", "00000000-0000-0000-0000-000000000000").status_code == 404
    assert as_administrator.get("/tokens/not-a-uuid/revoke/").status_code == 404
