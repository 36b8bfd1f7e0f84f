"""The Users pages: creating with an invitation that works, changing, ending access, and the administrator who must remain."""

import pytest
from django.conf import settings
from django.core import mail as sent_mail
from django.urls import reverse
from django.utils import timezone

from portal.notifications.models import Message
from portal.users import services
from portal.users.models import User
from tests import checks
from tests.factories import PASSWORD, AdministratorFactory, ServiceFactory, TokenFactory, UserFactory, issue
from tests.one_time_links import NEW_PASSWORD, sent_link, use
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db


def create(visitor: Visitor, username: str, role: str = "user", display_name: str = "") -> User:
    response = visitor.send("users:create", username=username, role=role, display_name=display_name)
    assert response.status_code in (204, 302), Page(response).errors
    return User.objects.get(username=username)


def can_sign_in(username: str, password: str) -> bool:
    visitor = Visitor()
    visitor.send("account_login", login=username, password=password)
    return visitor.get(reverse("profile")).status_code == 200


def test_a_new_person_is_invited_and_the_link_sets_a_password_that_signs_in(as_administrator: Visitor) -> None:
    user = create(as_administrator, "carol@example.com", "operator", "Carol")
    assert (user.kind, user.role, user.email, user.has_usable_password()) == ("person", "operator", "carol@example.com", False)
    link = sent_link()
    (email,) = sent_mail.outbox
    assert (email.to, email.subject) == (["carol@example.com"], "You've been invited to Token Portal")
    assert "Hello Carol," in email.body
    assert f'href="{settings.PORTAL_URL}{link}"' in email.alternatives[0][0]
    assert use(link).one("h1").text == "Your password is set"
    assert can_sign_in("carol@example.com", NEW_PASSWORD)


def test_an_invitation_works_once(as_administrator: Visitor) -> None:
    create(as_administrator, "carol@example.com")
    link = sent_link()
    use(link)
    page = use(link)
    assert page.one("h1").text == "This link no longer works"
    assert not page.all("input", type="password")


def test_a_service_account_gets_no_mail_and_cannot_sign_in(as_administrator: Visitor) -> None:
    user = create(as_administrator, "nightly-build")
    assert (user.kind, user.role, user.email) == ("service", "user", "")
    assert not Message.objects.exists()
    assert not can_sign_in("nightly-build", "")
    assert not can_sign_in("nightly-build", "!")


@pytest.mark.parametrize("htmx", ["", "pane"])
def test_creating_says_what_was_done(htmx: str, as_administrator: Visitor) -> None:
    as_administrator.htmx = htmx
    words = "carol@example.com created. An invitation is on its way to carol@example.com."
    response = as_administrator.send("users:create", username="carol@example.com", role="user", display_name="")
    if htmx:
        assert (response.status_code, toast(response)) == (204, {"text": words, "level": "success"})
    else:
        page = as_administrator.see(response["Location"])
        assert page.toasts == [words]
        assert [row[0] for row in page.rows] == ["alice@example.com Alice", "carol@example.com"]


def test_the_list_shows_roles_tokens_last_login_and_status(as_administrator: Visitor) -> None:
    service = ServiceFactory(username="pipeline", display_name="", is_active=True)
    issue(service)
    TokenFactory(user=service, revoked_at=timezone.now())
    UserFactory(username="gone@example.com", is_active=False, deleted_at=timezone.now())
    UserFactory(username="idle@example.com", display_name="", is_active=False)
    page = as_administrator.see("users:list")
    assert page.columns == ["Username", "Roles", "Tokens", "Last login", "Status"]
    rows = {row[0]: row[1:] for row in page.rows}
    assert rows["pipeline"] == ["User Service account", "1 active", "—", "Active"]
    assert rows["idle@example.com"] == ["User", "0 active", "—", "Inactive"]
    assert rows["alice@example.com Alice"][3] == "Active"
    assert len(rows) == page.total == 3


def test_the_list_is_sorted_by_the_status_that_it_shows(as_administrator: Visitor) -> None:
    UserFactory(username="ina@example.com", is_active=False)
    services.create("invited@example.com", "", User.Role.USER, None)
    in_order = [row[-1] for row in as_administrator.see("users:list", sort="is_active").rows]
    assert in_order == ["Active", "Invited", "Inactive"]
    assert [row[-1] for row in as_administrator.see("users:list", sort="-is_active").rows] == in_order[::-1]


@pytest.mark.parametrize("username", ["o'brien@example.com", "a+b@example.com", "x&y=z~!$*@example.com", "under_score", "a.b.c"])
def test_odd_characters_in_a_username_work_in_every_address(username: str, as_administrator: Visitor) -> None:
    user = create(as_administrator, username, display_name="O'Brien & <b>Söhne</b>")
    page = as_administrator.see("users:list", q=username)
    (link,) = [link.attributes["href"] for link in page.one("tbody").all("a")]
    assert link == reverse("users:detail", args=[username])
    tab = as_administrator.get(link, follow=True)
    assert tab.redirect_chain[-1][0] == reverse("tokens:user_tokens", args=[username])
    shown = Page(tab)
    assert shown.one("section", "user-header").one("h2").text == "O'Brien & <b>Söhne</b>"
    addresses = [
        link.attributes["href"] for link in shown.all("a", "dropdown-item") if username.split("@")[0][:2] in link.attributes["href"]
    ]
    for address in {*addresses, *(link.attributes["href"] for link in shown.all("a", "btn"))}:
        assert as_administrator.get(address).status_code == 200, address
    assert as_administrator.send("tokens:create", username, name="x").status_code == 200
    assert as_administrator.send("users:delete", username, confirm=username).status_code == 302
    assert User.objects.get(pk=user.pk).deleted_at


def test_a_users_page_has_avatar_pills_actions_and_last_login(as_administrator: Visitor, person: User) -> None:
    page = as_administrator.see("tokens:user_tokens", person.username)
    header = page.one("section", "user-header")
    assert header.one("span", "avatar").text == "B"
    assert [pill.text for pill in header.all("span", "pill")] == ["User", "Active"]
    assert [entry.text for entry in header.all("a", "dropdown-item")] == ["Update", "Change username or email", "Deactivate", "Delete"]
    assert "Last Login Never" in page.one("aside").text
    assert [link.text for link in page.one("ul", "tabs").all("a")] == ["Tokens", "Sessions", "Groups", "Audit"]


def test_update_changes_name_and_role_and_keeps_the_rest(as_administrator: Visitor, person: User) -> None:
    assert as_administrator.see("users:update", person.username).value("display_name") == "Bob"
    response = as_administrator.submit("users:update", person.username, display_name="Robert", role="operator", username="x", is_active="")
    assert response["Location"] == reverse("users:detail", args=[person.username])
    person.refresh_from_db()
    assert (person.username, person.display_name, person.role, person.is_active) == ("bob@example.com", "Robert", "operator", True)


def test_a_changed_role_holds_at_the_next_request(as_administrator: Visitor, as_person: Visitor) -> None:
    as_administrator.submit("users:update", as_person.user.username, display_name="", role="administrator")
    assert as_person.get(reverse("users:list")).status_code == 200
    as_administrator.submit("users:update", as_person.user.username, display_name="", role="user")
    assert as_person.get(reverse("users:list")).status_code == 403


@pytest.mark.parametrize("verb", ["deactivate", "delete"])
def test_ending_access_ends_sessions_and_tokens_at_once(verb: str, as_administrator: Visitor, as_person: Visitor) -> None:
    username = as_person.user.username
    _token, text = issue(as_person.user)
    assert isinstance(checks.verification_result(text, timezone.now()), Token)
    assert as_administrator.send(f"users:{verb}", username, confirm=username).status_code == 302
    assert checks.verification_result(text, timezone.now()) is RejectionReason.REVOKED
    assert as_person.get(reverse("profile")).status_code == 302
    assert not Token.objects.filter(user=as_person.user, revoked_at=None).exists()
    assert not can_sign_in(username, PASSWORD)


def test_activating_lets_in_again_but_brings_no_token_back(as_administrator: Visitor, person: User) -> None:
    _token, text = issue(person)
    as_administrator.send("users:deactivate", person.username)
    header = as_administrator.see("tokens:user_tokens", person.username).one("section", "user-header")
    assert [entry.text for entry in header.all("a", "dropdown-item")] == ["Update", "Change username or email", "Activate", "Delete"]
    as_administrator.send("users:activate", person.username)
    assert can_sign_in(person.username, PASSWORD)
    assert checks.verification_result(text, timezone.now()) is RejectionReason.REVOKED


def test_activating_an_active_user_says_so(as_administrator: Visitor, person: User) -> None:
    as_administrator.htmx = "window"
    said = toast(as_administrator.send("users:activate", person.username))
    assert said == {"text": "bob@example.com is already active.", "level": "error"}


def test_a_deleted_user_is_on_no_page_and_the_browser_goes_to_the_list(as_administrator: Visitor, person: User) -> None:
    TokenFactory(user=person, name="kept")
    as_administrator.htmx = "window"
    response = as_administrator.send("users:delete", person.username, confirm=person.username)
    assert (response.status_code, response["HX-Redirect"]) == (204, reverse("users:list"))
    as_administrator.htmx = ""
    page = as_administrator.see("users:list")
    assert page.toasts == ["Deleted bob@example.com."]
    assert page.total == 1
    for name in ("tokens:user_tokens", "users:detail", "users:update", "users:activate", "users:deactivate", "users:delete"):
        assert as_administrator.see(name, person.username).status == 404
    row = dict(zip(as_administrator.see("tokens:all").columns, as_administrator.see("tokens:all").rows[0], strict=True))
    assert (row["Token Name"], row["User"], row["Status"]) == ("kept", "bob@example.com (deleted)", "Revoked")


def test_a_deleted_users_name_made_anew_gets_an_invitation_and_none_of_the_old_tokens(as_administrator: Visitor, person: User) -> None:
    _token, text = issue(person)
    as_administrator.send("users:delete", person.username, confirm=person.username)
    create(as_administrator, person.username)
    assert not can_sign_in(person.username, PASSWORD)
    use(sent_link())
    assert can_sign_in(person.username, NEW_PASSWORD)
    assert checks.verification_result(text, timezone.now()) is RejectionReason.REVOKED


@pytest.mark.parametrize("htmx", ["", "window"])
@pytest.mark.parametrize("verb", ["deactivate", "delete", "update"])
def test_nobody_ends_or_demotes_themselves(verb: str, htmx: str, as_administrator: Visitor) -> None:
    AdministratorFactory()
    me = as_administrator.user
    as_administrator.htmx = htmx
    send = as_administrator.submit if verb == "update" else as_administrator.send  # the others' pages offer oneself no form
    response = send(f"users:{verb}", me.username, confirm=me.username, display_name="", role="operator")
    words = "You can't remove your own Administrator role." if verb == "update" else f"You can't {verb} yourself."
    if verb == "deactivate":
        said = toast(response)["text"] if htmx else Page(as_administrator.get(response["Location"], follow=True)).toasts[0]
    else:
        assert response.status_code == 422
        said = Page(response).errors["role" if verb == "update" else ""]
    assert said == words
    me.refresh_from_db()
    assert (me.is_active, me.role, me.deleted_at) == (True, "administrator", None)


@pytest.mark.parametrize("verb", ["deactivate", "delete", "update"])
def test_the_last_active_administrator_stays(verb: str, as_administrator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is an administrator too, so only two requests at once come here: the other one has just ended who asks."""
    last = AdministratorFactory(username="last@example.com")
    monkeypatch.setattr(User, "can_administrate", property(lambda user: user.pk == last.pk))
    response = as_administrator.submit(f"users:{verb}", last.username, confirm=last.username, display_name="", role="user")
    page = Page(as_administrator.get(response["Location"], follow=True) if verb == "deactivate" else response)
    said = page.toasts if verb == "deactivate" else list(page.errors.values())
    assert said == ["This is the last active administrator. Make another user an administrator first."]
    last.refresh_from_db()
    assert (last.is_active, last.role, last.deleted_at) == (True, "administrator", None)


def test_with_two_administrators_one_may_end_the_other(as_administrator: Visitor) -> None:
    other = AdministratorFactory()
    assert as_administrator.submit("users:update", other.username, display_name="", role="user").status_code == 302
    other.refresh_from_db()
    assert other.role == "user"


def test_a_service_account_keeps_the_role_user(as_administrator: Visitor) -> None:
    service = ServiceFactory(username="pipeline")
    page = Page(as_administrator.submit("users:update", service.username, display_name="", role="operator"))
    assert (page.status, page.errors) == (
        422,
        {"role": "A service account always has the role User."},
    )


@pytest.mark.parametrize("htmx", ["", "window"])
def test_a_user_is_renamed_and_the_former_address_leads_on(htmx: str, as_administrator: Visitor, person: User) -> None:
    former = person.username
    visitor = Visitor(as_administrator.user, htmx=htmx)
    assert "The old one stays reserved" in visitor.see("users:rename", former).text
    assert visitor.submit("users:rename", former, username="married@example.com", email="married@example.com").status_code in (204, 302)
    person.refresh_from_db()
    assert (person.username, person.email) == ("married@example.com", "married@example.com")
    assert as_administrator.get(reverse("users:detail", args=[former])).url == reverse("tokens:user_tokens", args=["married@example.com"])
    page = Page(as_administrator.send("users:rename", person.username, username="nonsense", email="married@example.com"))
    assert "Enter an email address: the username of a person." in page.text


def test_a_name_that_was_changed_meanwhile_is_asked_again(as_administrator: Visitor, person: User) -> None:
    stale = as_administrator.see("users:rename", person.username).value("version")
    User.objects.filter(pk=person.pk).update(email="other@example.com")
    response = as_administrator.send("users:rename", person.username, username="x@example.com", email=person.email, version=stale)
    assert response.status_code == 409
    assert not as_administrator.see("users:rename", ServiceFactory().username).all(name="email")
