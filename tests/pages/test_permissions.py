"""Who may do what: one table over every URL of the portal. A URL that the table does not know fails the test."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

import settings_app.services as config
from portal.core.actors import Actor
from portal.directory.models import Membership
from portal.env.providers import OidcProvider, SamlProvider
from portal.pages import shortened_urls as shortened
from portal.users.models import User
from tests.audit_entries import entry
from tests.factories import FaultFactory, GroupFactory, OwnershipFactory, ServiceFactory, SignInFactory, TokenFactory, UserFactory
from tests.notifications.rejecting import queue
from tests.pages.visitor import Visitor
from tokens.calendar import links as calendar
from tokens.models import BulkRevocation, Notice, ScanRun, Token

# URL, its arguments, then what GET and POST answer to: anonymous, user, operator, administrator.
# "in" is 302 to sign-in. 422: a form sent empty. Tokens, users and faults in the arguments are somebody else's.
TABLE = """
home                                    -         in 200 200 200   405 405 405 405
profile                                 -         in 200 200 200   405 405 405 405
health                                  -        200 200 200 200   405 405 405 405
scan_health                             -        200 200 200 200   405 405 405 405
live                                    -        200 200 200 200   405 405 405 405
ready                                   -        200 200 200 200   405 405 405 405
tokens:user_tokens                      username  in 403 403 200   405 405 405 405
tokens:create                           username  in 403 403 200    in 403 403 422
tokens:all                              -         in 403 403 200   405 405 405 405
tokens:revoke_many                      -        302 302 302 302    in 403 403 302
tokens:list                             -         in 302 302 302   405 405 405 405
tokens:token                            token     in 404 200 200   405 405 405 405
tokens:look_up                          -        302 302 302 302    in 200 200 200
tokens:add_own                          -         in 403 403 200    in 403 403 422
tokens:create_own                       -         in 403 403 200    in 403 403 422
tokens:temporary                        -        302 302 302 302    in 200 200 200
tokens:calendar                         calendar 200 200 200 200   405 405 405 405
tokens:calendar_show                    -        302 302 302 302    in 302 302 302
tokens:calendar_on                      -        302 302 302 302    in 302 302 302
tokens:calendar_renew                   -         in 200 200 200    in 302 302 302
tokens:calendar_off                     -         in 200 200 200    in 302 302 302
tokens:revoke                           token     in 404 404 200    in 404 404 302
tokens:revoke_matching                  -        302 302 302 302    in 403 403 302
tokens:revocation                       job       in 403 403 200   405 405 405 405
tokens:scans                            -         in 403 403 302   405 405 405 405
tokens:scan_now                         -        302 302 302 302    in 403 403 302
tokens:preview                          -        302 302 302 302    in 403 403 200
tokens:cli_sign_in                      -         in 400 400 400    in 400 400 400
tokens:device                           -         in 200 200 200    in 422 422 422
tokens:device_approve                   -        302 302 302 302    in 422 422 422
tokens:device_deny                      -        302 302 302 302    in 422 422 422
device_authorization                    -        405 405 405 405   400 400 400 400
cli_token                               -        405 405 405 405   400 400 400 400
api_page                                -        200 200 200 200   405 405 405 405
api_document                            -        200 200 200 200   405 405 405 405
oauth_metadata                          -        200 200 200 200   405 405 405 405
security_txt                            -        404 404 404 404   405 405 405 405
oauth_revoke                            -        405 405 405 405   401 401 401 401
users:list                              -         in 403 403 200   405 405 405 405
users:create                            -         in 403 403 200    in 403 403 422
users:detail                            username  in 403 403 302   405 405 405 405
users:update                            username  in 403 403 200    in 403 403 422
users:rename                            username  in 403 403 200    in 403 403 422
users:deactivate                        username  in 403 403 200    in 403 403 302
users:activate                          username  in 403 403 200    in 403 403 302
users:resend_invitation                 username  in 403 403 200    in 403 403 302
users:invitation_link                   username  in 403 403 200    in 403 403 302
users:delete                            username  in 403 403 200    in 403 403 422
directory:groups                        -         in 403 403 200   405 405 405 405
directory:add_group                     -         in 403 403 200    in 403 403 422
directory:group                         group     in 403 403 200   405 405 405 405
directory:update_group                  group     in 403 403 200    in 403 403 422
directory:delete_group                  group     in 403 403 200    in 403 403 302
directory:add_member                    group     in 403 403 200    in 403 403 422
directory:remove_member                 member    in 403 403 200    in 403 403 302
directory:search                        -         in 403 403 200   405 405 405 405
directory:owners                        service   in 403 403 200   405 405 405 405
directory:add_owner                     service   in 403 403 200    in 403 403 422
directory:remove_owner                  owner     in 403 403 200    in 403 403 302
directory:of_user                       username  in 403 403 200   405 405 405 405
sessions:own                            -         in 200 200 200   405 405 405 405
sessions:end_own                        session  302 302 302 302    in 404 404 404
sessions:end_others                     -        302 302 302 302    in 302 302 302
sessions:of_user                        username  in 403 403 200   405 405 405 405
sessions:end_one                        sign-in   in 403 403 302    in 403 403 302
sessions:end_all                        username  in 403 403 302    in 403 403 302
faults:list                             -         in 403 200 200   405 405 405 405
faults:bell                             -         in 403 200 200   405 405 405 405
faults:newest                           -         in 403 200 200   405 405 405 405
saved_filters                           -         in 302 302 302    in 302 302 302
palette                                 -         in 200 200 200   405 405 405 405
faults:fault                            fault     in 403 200 200   405 405 405 405
faults:former_address                   fault     in 403 302 302   405 405 405 405
faults:add_note                         fault     in 403 302 302    in 403 422 422
faults:undo_acknowledge                 fault    302 302 302 302    in 403 302 302
faults:acknowledge_many                 -        302 302 302 302    in 403 302 302
faults:acknowledge                      fault    302 302 302 302    in 403 302 302
audit:list                              -         in 403 200 200   405 405 405 405
audit:entry                             entry     in 403 200 200   405 405 405 405
audit:former                            -         in 403 302 302   405 405 405 405
audit:former_page                       rest      in 403 302 302   405 405 405 405
users:audit                             username  in 403 403 200   405 405 405 405
settings:config                         -         in 403 403 200   405 405 405 405
settings:all                            -         in 403 403 200   405 405 405 405
settings:setting                        key       in 403 403 302    in 403 403 422
settings:add                            -         in 403 403 200    in 403 403 422
tokens:test_email                      -         in 403 403 200    in 403 403 200
settings:update                         key       in 403 403 200    in 403 403 422
settings:delete                         key       in 403 403 200    in 403 403 302
account_login                           -        200 302 302 302   200 302 302 302
account_sign_in_again                   -         in 200 200 200    in 200 200 200
account_signed_in_again                 -         in 200 200 200   405 405 405 405
account_session                         -         in 200 200 200   405 405 405 405
account_logout                          -        302 200 200 200   302 302 302 302
account_inactive                        -        200 200 200 200   405 405 405 405
account_reauthenticate                  -         in 200 200 200    in 200 200 200
mfa_authenticate                        -        302 302 302 302   302 302 302 302
mfa_cancel                              -        302 302 302 302   302 302 302 302
mfa_step_options                        -        302 302 302 302   403 403 403 403
mfa_passkey_sign_in                     -        302 302 302 302   422 302 302 302
mfa_sign_in_options                     -        302 302 302 302   404 404 404 404
mfa_confirm_options                     -        302 302 302 302    in 200 200 200
mfa_index                               -         in 200 200 200   405 405 405 405
mfa_add_totp                            -         in 200 200 200    in 422 422 422
mfa_add_passkey                         -         in 200 200 200    in 422 422 422
mfa_new_passkey_options                 -        302 302 302 302    in 200 200 200
mfa_rename_passkey                      passkey   in 404 404 404    in 404 404 404
mfa_remove                              passkey   in 404 404 404    in 404 404 404
mfa_recovery_codes                      -         in 200 200 200    in 302 302 302
mfa_reset                               username  in 403 403 200    in 403 403 302
account_change_password                 -         in 200 200 200    in 200 200 200
account_set_password                    -         in 302 302 302    in 302 302 302
account_reset_password                  -        200 200 200 200   200 200 200 200
account_reset_password_done             -        200 200 200 200   405 405 405 405
account_reset_password_from_key         key36    200 200 200 200   200 200 200 200
account_reset_password_from_key_done    -        200 200 200 200   405 405 405 405
openid_connect_login                    provider 302 302 302 302   503 503 503 503
openid_connect_callback                 provider 400 400 400 400   405 405 405 405
company_acs                             saml     405 405 405 405   400 400 400 400
company_finish                          saml     400 400 400 400   405 405 405 405
company_metadata                        saml     200 200 200 200   405 405 405 405
company_connect                         provider  in 200 200 200    in 503 503 503
company_disconnect                      provider  in 200 200 200    in 302 302 302
account_signup                          -        302 302 302 302   302 302 302 302
account_email                           -        302 302 302 302   302 302 302 302
admin:index                             -         in  in 200 200    in  in 200 200
admin:login                             -         in 403 302 302    in 403 302 302
admin:logout                            -        302 302 405 405   302 302 200 200
admin:password_change                   -        302 302 302 302   302 302 302 302
admin:password_change_done              -         in  in 200 200    in  in 405 405
admin:autocomplete                      -         in  in 403 403    in  in 405 405
admin:jsi18n                            -         in  in 200 200    in  in 405 405
admin:view_on_site                      foreign   in  in 404 404    in  in 404 404
admin:app_list                          app       in  in 200 200    in  in 200 200
admin:faults_fault_acknowledge          fault     in  in 405 405    in  in 302 302
admin:faults_fault_undo                 fault     in  in 405 405    in  in 302 302
admin:faults_fault_clear                fault     in  in 405 405    in  in 302 302
admin/(?P<url>.*)$                      url       in  in 404 404    in  in 404 404
"""
# For every model that is registered in the Django admin: read, and nothing else.
ADMIN_TABLE = """
changelist   in in 200 200   in in 200 200
add          in in 403 403   in in 403 403
history      in in 200 200   in in 200 200
audited      in in 302 302   in in 302 302
delete       in in 403 403   in in 403 403
change       in in 200 200   in in 403 403
"""
EVERY_PAGE = ["Home", "Users", "Faults", "System Settings", "Audit Trail", "Access Control"]  # of the navigation
ROLES = ("anonymous", "user", "operator", "administrator")
ROWS = {words[0]: words[1:] for words in map(str.split, TABLE.strip().splitlines())}
ADMIN_ROWS = {words[0]: words[1:] for words in map(str.split, ADMIN_TABLE.strip().splitlines())}
ADMIN_PAGES = set(ADMIN_ROWS) - {"audited"}  # the history of what the audit trail knows leads there
AUDITED = {model._meta.label_lower.replace(".", "_"): known.audited for model, known in admin.site._registry.items()}
MODELS = {model._meta.label_lower.replace(".", "_"): model._meta for model in admin.site._registry}


def names(patterns: list[Any], space: str = "", route: str = "") -> Iterator[str]:
    """The names of all URLs; the route of one that has none."""
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inside = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from names(pattern.url_patterns, inside, here)
        elif isinstance(pattern, URLPattern):
            yield space + pattern.name if pattern.name else here


def visitors() -> list[Visitor]:
    roles = [None, *(UserFactory(role=role) for role in ROLES[1:])]
    return [Visitor(user) for user in roles]


def answers(url: str, method: str) -> list[str]:
    found = []
    for visitor in visitors():
        response = visitor.get(url) if method == "GET" else visitor.send(url)
        location = response.headers.get("Location", "")
        to_sign_in = location.startswith((f"{reverse('account_login')}?", f"{reverse('admin:login')}?"))
        found.append("in" if to_sign_in else str(response.status_code))
    return found


def arguments(kind: str) -> list[Any]:
    other = UserFactory(username="other@example.com")
    made = {
        "-": list,
        "username": lambda: [other.username],
        "session": lambda: [SignInFactory(user=other).pk],
        "sign-in": lambda: [other.username, SignInFactory(user=other).pk],
        "group": lambda: [GroupFactory().pk],
        "member": lambda: [Membership.objects.create(user=other, group=GroupFactory()).group_id, other.pk],
        "service": lambda: [ServiceFactory().username],
        "owner": lambda: [(row := OwnershipFactory(user=other)).service_account.username, row.pk],
        "token": lambda: [TokenFactory(user=other).pk],
        "fault": lambda: [FaultFactory().pk],
        "job": lambda: [BulkRevocation.objects.create(person=other, created_at=timezone.now()).pk],
        "calendar": lambda: [calendar.reveal(calendar.switch_on(Actor(other), timezone.now()))],
        "key": lambda: [config.add("token_expiration_days", "15", None).key],
        "key36": lambda: ["1", "abc-123"],
        "foreign": lambda: [1, 1],
        "app": lambda: ["faults"],
        "passkey": lambda: [Authenticator.objects.create(user=other, type="webauthn", data={"name": "theirs"}).pk],
        "provider": lambda: ["acme"],
        "saml": lambda: ["idp"],
        "entry": lambda: [entry().pk],
        "rest": lambda: ["logentry/7/change/"],
    }
    return made[kind]()


def test_every_url_stands_in_the_table() -> None:
    unnamed = {f"admin/{meta.app_label}/{meta.model_name}/<path:object_id>/" for meta in MODELS.values()}
    expected = set(ROWS) | {f"admin:{model}_{page}" for model in MODELS for page in ADMIN_PAGES} | unnamed
    found = set(names(get_resolver().url_patterns)) - {"admin/password_change/"}  # goes to account_change_password
    found -= {str(pattern.pattern) for pattern in shortened.urlpatterns}  # tests/pages/test_shortened.py
    # The APIs' operations have tables of their own, in tests/api/test_permissions.py, tests/api/duplo/test_permissions.py and
    # tests/scim/test_permissions.py.
    assert {name for name in found if not name.startswith(("api:", "duplo:", "scim:"))} == expected


@pytest.fixture(autouse=True)
def a_provider_that_is_down(settings: Settings) -> None:
    issuer = "https://127.0.0.1:1"
    settings.SIGN_IN_PROVIDERS = {
        "acme": OidcProvider(id="acme", name="Acme", issuer=issuer, client_id="portal"),
        "idp": SamlProvider(id="idp", name="IdP", issuer=issuer, sso_url=issuer, certificates=("MIIB",)),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ROWS)
def test_each_role_gets_what_the_table_says(name: str, method: str) -> None:
    kind, *statuses = ROWS[name]
    url = "/admin/nothing/at/all/" if kind == "url" else reverse(name, args=arguments(kind))
    assert answers(url, method) == (statuses[:4] if method == "GET" else statuses[4:])


def example(model: str) -> Any:
    """A row of each model that the Django admin shows."""
    now = timezone.now()
    token = TokenFactory()
    message = queue("ops@example.com")
    rows = {
        "users_user": User.objects.all,
        "tokens_token": Token.objects.all,
        "faults_fault": lambda: [FaultFactory()],
        "tokens_scanrun": lambda: [ScanRun.objects.create(triggered_by="schedule", started_at=now)],
        "tokens_notice": lambda: [
            Notice.objects.create(token=token, threshold=7, address=message.recipient, created_at=now, message=message)
        ],
        "notifications_message": lambda: [message],
        "settings_app_config": lambda: [config.add("token_expiration_days", "15", None)],
    }
    return rows[model]()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("action", sorted(ADMIN_PAGES))
@pytest.mark.parametrize("model", MODELS)
def test_the_django_admin_only_shows(model: str, action: str, method: str) -> None:
    row = example(model)
    statuses = ADMIN_ROWS["audited" if action == "history" and AUDITED[model] else action]
    url = reverse(f"admin:{model}_{action}", args=[row.pk] if action in ("history", "delete", "change") else [])
    assert answers(url, method) == (statuses[:4] if method == "GET" else statuses[4:])
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["tokens:add_own", "tokens:create_own"])
@pytest.mark.parametrize("role", ROLES[1:])
def test_with_its_flag_everybody_may_create_their_own_tokens(name: str, role: str) -> None:
    config.add("users_may_create_tokens", "true", None)
    visitor = Visitor(UserFactory(role=role))
    assert visitor.get(reverse(name)).status_code == 200
    assert visitor.send(name, name="mine").status_code == 200
    assert visitor.user.tokens.permanent().count() == 1
    profile = visitor.see("profile")
    assert [link.text for link in profile.all("a", "btn")[:2]] == ["Add", "Create Token"]


@pytest.mark.django_db
def test_the_flag_opens_nothing_to_anonymous_visitors_and_no_other_users_tokens(as_person: Visitor, anonymous: Visitor) -> None:
    config.add("users_may_create_tokens", "true", None)
    other = UserFactory()
    assert anonymous.send("tokens:create_own", name="mine").status_code == 403
    assert as_person.send("tokens:create", other.username, name="theirs").status_code == 403
    assert not Token.objects.permanent().exists()


@pytest.mark.django_db
def test_anybody_may_revoke_their_own_token_and_nobody_but_administrators_anothers(as_person: Visitor, as_operator: Visitor) -> None:
    mine, other = TokenFactory(user=as_person.user), TokenFactory()
    assert as_person.send("tokens:revoke", mine.pk).status_code == 302
    assert as_operator.send("tokens:revoke", other.pk).status_code == 404
    assert as_person.send("tokens:revoke", other.pk).status_code == 404
    assert list(Token.objects.permanent().filter(revoked_at=None)) == [other]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES[1:])
def test_a_temporary_token_cannot_be_revoked_by_its_id(role: str) -> None:
    visitor = Visitor(UserFactory(role=role))
    temporary = visitor.user.tokens.get()
    assert visitor.send("tokens:revoke", temporary.pk).status_code == 404
    assert Token.objects.filter(pk=temporary.pk, revoked_at=None).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "sections"), [("user", []), ("operator", ["Home", "Faults", "Audit Trail"]), ("administrator", EVERY_PAGE)]
)
def test_the_navigation_has_only_what_the_role_may_open(role: str, sections: list[str]) -> None:
    visitor = Visitor(UserFactory(role=role))
    links = [link for side in visitor.see("profile").all("nav", "side") for link in side.all("a")]
    assert [link.text for link in links] == sections
    assert [visitor.get(link.attributes["href"]).status_code for link in links] == [200] * len(links)


@pytest.mark.django_db
def test_an_htmx_request_without_a_session_sends_the_whole_page_to_sign_in() -> None:
    for response in (Visitor(htmx="pane").get(reverse("users:create")), Visitor(htmx="pane").send("users:create", username="x")):
        assert response.status_code == 401
        assert json.loads(response["HX-Trigger"]) == {"session-ended": {"url": f"{reverse('account_login')}?next=/profile/"}}


@pytest.mark.django_db
def test_a_session_whose_user_was_deactivated_is_over(as_person: Visitor, as_administrator: Visitor) -> None:
    assert as_administrator.send("users:deactivate", as_person.user.username).status_code == 302
    assert as_person.get(reverse("profile"))["Location"].startswith(reverse("account_login"))
