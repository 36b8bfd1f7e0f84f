"""Who must have a second factor, and what is open to those who have none yet."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.second_factor import services
from portal.second_factor.middleware import OPEN
from portal.users.models import User
from tests.factories import AdministratorFactory, UserFactory, issue
from tests.pages.visitor import Visitor
from tests.second_factor.steps import SECRET, code, factor_types, give_app
from tokens import sessions
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
LEADS_TO = "/accounts/two-factor/"
# Of sign-ins that are not complete; they lead users who are signed in to Home.
BEFORE = {
    "mfa_authenticate",
    "mfa_cancel",
    "mfa_step_options",
    "mfa_passkey_sign_in",
    "mfa_sign_in_options",
    "account_signup",
    "account_email",
}


def require(whom: str, days: int = 0) -> None:
    config.add("require_second_factor", whom, None)
    config.add("second_factor_grace_days", str(days), None)


@pytest.mark.parametrize(("whom", "user", "administrator"), [("nobody", 200, 200), ("administrators", 200, 302), ("everybody", 302, 302)])
def test_the_requirement_meets_whom_config_says(whom: str, user: int, administrator: int) -> None:
    require(whom)
    assert Visitor(UserFactory()).get(reverse("profile")).status_code == user
    assert Visitor(AdministratorFactory()).get(reverse("profile")).status_code == administrator


def test_within_the_grace_period_a_banner_says_until_when() -> None:
    visitor = Visitor(UserFactory())
    require("everybody", days=7)
    until = timezone.localtime(timezone.now() + timedelta(days=7))
    page = visitor.get(reverse("profile"))
    assert f"by {until:%b} {until.day}, {until.year}" in page.content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        assert Visitor(visitor.user).get(reverse("profile")).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        assert Visitor(visitor.user).get(reverse("profile"))["Location"] == LEADS_TO


def test_a_requirement_that_is_turned_on_again_has_a_new_grace_period() -> None:
    visitor = Visitor(UserFactory())
    require("everybody", days=7)
    assert visitor.get(reverse("profile")).status_code == 200
    config.put("require_second_factor", "nobody", None)
    config.put("require_second_factor", "everybody", None)
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        assert Visitor(visitor.user).get(reverse("profile")).status_code == 200


def names(patterns: list[Any], space: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern) and pattern.name and not str(pattern.pattern).count("<"):
            yield space + pattern.name


def asks_to_sign_in(response: Any) -> bool:
    return response.headers.get("Location", "").startswith((reverse("account_login"), reverse("admin:login")))


@pytest.mark.field
def test_after_it_every_page_of_a_session_leads_to_setting_up() -> None:
    require("everybody")
    visitor, stranger, seen = Visitor(AdministratorFactory()), Visitor(), set()
    for name in names(get_resolver().url_patterns):
        for ask, mine in ((stranger.get, visitor.get), (stranger.send, visitor.send)):
            if asks_to_sign_in(ask(reverse(name))) and name not in OPEN | BEFORE:
                seen.add(name)
                assert mine(reverse(name)).headers.get("Location") == LEADS_TO, name
    assert len(seen) > 30
    assert {"profile", "tokens:temporary", "tokens:cli_sign_in", "tokens:device_approve", "admin:index"} <= seen


def test_htmx_and_scripts_get_the_page_to_go_to() -> None:
    require("everybody")
    user = UserFactory()
    response = Visitor(user, htmx="pane").get(reverse("profile"))
    assert (response.status_code, response["HX-Redirect"]) == (204, LEADS_TO)
    shown = Visitor(user).post(reverse("tokens:temporary"), headers={"Accept": "application/json"})
    assert (shown.status_code, shown.json()["page"]) == (403, LEADS_TO)


def test_tokens_go_on_and_the_temporary_one_is_not_shown() -> None:
    user = UserFactory()
    text = issue(user)[1]
    visitor = Visitor(user)
    require("everybody")
    assert visitor.get("/api/v1/whoami", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    hidden = sessions.reveal(Token.objects.get(kind="temporary"))
    assert hidden
    assert hidden.encode() not in visitor.send("tokens:temporary").content


def test_setting_up_a_factor_opens_the_portal_in_the_same_session() -> None:
    require("everybody")
    visitor = Visitor(UserFactory())
    page = visitor.see("mfa_add_totp")
    assert not page.all("nav"), "the frame's bell and navigation would only lead back here"
    secret = page.one(id="totp-secret").text.replace(" ", "")
    assert visitor.send("mfa_add_totp", code=code(secret=secret)).status_code == 200
    assert visitor.get(reverse("profile")).status_code == 200


def test_the_last_required_factor_is_not_removed() -> None:
    user = UserFactory()
    give_app(user)
    require("everybody")
    with pytest.raises(ServiceError, match="requires two-factor"):
        services.remove(user, user.authenticator_set.get(type="totp").pk, Actor(user), timezone.now())
    assert "totp" in factor_types(user)


def test_a_company_sign_in_counts_as_a_second_factor_unless_config_says_otherwise() -> None:
    require("everybody")
    visitor = Visitor(UserFactory())
    session = visitor.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": 0, "provider": "entra"}]
    session["account_authentication_methods_user"] = str(visitor.user.pk)
    session.save()
    assert visitor.get(reverse("profile")).status_code == 200
    config.add("second_factor_after_company_sign_in", "true", None)
    assert visitor.get(reverse("profile"))["Location"] == LEADS_TO


def test_an_administrator_resets_the_factors_of_another_and_ends_their_sessions() -> None:
    user, administrator = UserFactory(), AdministratorFactory()
    give_app(user)
    visitor, chief = Visitor(user), Visitor(administrator)
    page = reverse("tokens:user_tokens", args=[user.username])
    assert "Reset two-factor authentication" in chief.get(page).content.decode()
    assert chief.send("mfa_reset", user.username).status_code == 302
    assert factor_types(user) == []
    assert visitor.get(reverse("profile"))["Location"].startswith(reverse("account_login"))
    chief.get(page)  # has the message
    assert "Reset two-factor authentication" not in chief.get(page).content.decode()


def test_nobody_resets_their_own_or_what_is_not_there() -> None:
    administrator = AdministratorFactory()
    give_app(administrator)
    with pytest.raises(ServiceError, match="your own"):
        services.reset(administrator, Actor(administrator), timezone.now())
    with pytest.raises(ServiceError, match="has no two-factor"):
        services.reset(UserFactory(), Actor(administrator), timezone.now())


def test_the_command_resets_for_those_who_cannot_sign_in(capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import CommandError, call_command

    user = UserFactory()
    give_app(user)
    stamp = user.session_stamp
    call_command("reset_second_factor", user.username.upper())
    assert "Reset two-factor authentication" in capsys.readouterr().out
    assert factor_types(user) == []
    assert User.objects.get().session_stamp != stamp
    for name in (user.username, "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", name)


def test_an_app_is_added_once_and_its_first_code_works_no_second_time() -> None:
    user, now = UserFactory(), timezone.now()
    services.add_totp(user, SECRET, code(at=now), Actor(user), now)
    with pytest.raises(ServiceError, match="already have"):
        services.add_totp(user, SECRET, code(at=now), Actor(user), now)
    row = user.authenticator_set.get(type="totp")
    from portal.second_factor import totp

    assert not totp.use(row, code(at=now), now)
    assert totp.use(row, code(at=now, ahead=1), now)


def test_new_recovery_codes_end_the_former_ones() -> None:
    from portal.second_factor import recovery

    user = UserFactory()
    before = give_app(user)
    after = services.new_recovery_codes(user, Actor(user), timezone.now())
    row = user.authenticator_set.get(type="recovery_codes")
    assert not set(before) & set(after)
    assert not recovery.use(row, before[0].replace("-", ""))
    assert recovery.use(row, after[0].replace("-", ""))
    other = UserFactory()
    with pytest.raises(ServiceError):
        services.new_recovery_codes(other, Actor(other), timezone.now())
