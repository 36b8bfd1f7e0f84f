"""Rules that reviews miss, read from the code itself. tests/test_layers.py has those about what may refer to what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

RUNS_ON = "sqlite"
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "tokens", "settings_app")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
SECRET = re.compile(r"(^|_)(text|digest|secret|hash|mac|password|stamp|checksum)($|_)")
OPEN_TO_ALL = {
    "portal.pages.security_txt.security_txt",
    "portal.core.probes.respond",
    "tokens.expiry.views.health_check",
    "portal.pages.views.admin_sign_in",
    "portal.oauth.cli_token.cli_token",
    "portal.oauth.device_authorization.device_authorization",
    "portal.oauth.metadata.authorization_server",
    "portal.oauth.revocation.revoke",
    "portal.api.views.page",
    "portal.api.views.openapi_json",
    "portal.second_factor.confirm_views.sign_in_again",  # for anonymous visitors it leads to the sign-in page
    # The second step, and a passkey in place of the password: before there is a session.
    "portal.second_factor.sign_in_views.authenticate",
    "portal.second_factor.sign_in_views.cancel",
    "portal.second_factor.sign_in_views.step_options",
    "portal.second_factor.sign_in_views.sign_in",
    "portal.second_factor.sign_in_views.sign_in_options",
    "portal.users.account_views.View.as_view.<locals>.view",  # the sign-in page
    "portal.sso.views.start",
    "portal.sso.saml_views.acs",
    "portal.sso.saml_views.finish",
    "portal.sso.saml_views.metadata",
    "portal.sso.views.callback",  # what comes back from a provider is verified
    "portal.users.account_views.set_password",  # its address holds a one-time secret
    "tokens.calendar.views.feed",  # its address holds a secret: calendar programs know no other way
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names(node: ast.AST) -> set[str]:
    """The names that an expression is about: of variables, attributes and functions that are called."""
    return {each.id if isinstance(each, ast.Name) else each.attr for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)}


def plain_comparisons(source: str) -> Iterator[int]:
    """Lines in which something that is named like a secret is compared by == or !=."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            sides = [node.left, *node.comparators]
            if any(SECRET.search(name) for side in sides for name in names(side)):
                yield node.lineno


@pytest.mark.parametrize("path", sorted((ROOT / "tokens").rglob("*.py")), ids=relative)
def test_secrets_and_digests_are_compared_in_constant_time(path: Path) -> None:
    assert list(plain_comparisons(path.read_text())) == []


@pytest.mark.parametrize(
    "line", ["a.digest == b", "digest(text) != x", "if token.session_hash == user.get_session_auth_hash(): pass", "text == other"]
)
def test_a_plain_comparison_of_a_secret_would_be_found(line: str) -> None:
    assert list(plain_comparisons(line)) == [1]


def views() -> Iterator[tuple[str, object]]:
    """Every view of ours that a URL leads to, with its dotted name."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[object]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern.callback

    for view in walk(get_resolver().url_patterns):
        if view.__module__.split(".")[0] in PACKAGES:
            yield f"{view.__module__}.{view.__qualname__}", view


def roles_of(view: object) -> tuple[str, ...] | None:
    """What the decorators of `portal.core.permissions` wrote down, under whatever else is wrapped around."""
    while view is not None:
        if hasattr(view, "roles"):
            return view.roles
        view = getattr(view, "__wrapped__", None)
    return None


def test_every_view_says_who_may_use_it() -> None:
    found = dict(views())
    assert len(found) > 20
    assert {name for name, view in found.items() if roles_of(view) is None} == OPEN_TO_ALL


def test_every_view_is_named_in_a_url() -> None:
    """One that is not would be dead code, or a page that somebody forgot to protect and to test."""
    written = {
        f"{relative(path)[:-3].replace('/', '.')}.{node.name}"
        for path in SOURCES
        if "api" not in path.parts  # its operations are listed by tests/api/test_permissions.py
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and any("access." in ast.unparse(decorator) for decorator in node.decorator_list)
    }
    assert written
    assert written <= {name for name, _ in views()}


NAIVE = re.compile(r"datetime\.(now(?!\(UTC\))|utcnow|today|fromtimestamp|utcfromtimestamp)\(|date\.today\(")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_reads_a_clock_without_a_zone(path: Path) -> None:
    assert NAIVE.findall(path.read_text()) == []


# Only modules with one of these names see requests. Everything else takes plain arguments, so that commands, tasks and the API can call it.
WEB = {
    *("views", "account_views", "forms", "admin", "urls", "middleware", "context_processors", "receivers", "panels", "app"),
    *("auth", "errors"),
    *("permissions", "htmx", "list_views", "client_ip", "request_bodies", "rejected_forms", "admin_input", "decorators"),
    *("shortened_urls",),
    *(
        "adapter",
        "devices",
        "limits",
        "trail",
        "sign_in_log",
        "sign_in_methods",
        "recent_views",
        "sign_in_watch",
        "pasted",
        "check_email",
        "health",
        "probes",
    ),
    *("bell", "palette", "session_views", "setting_views", "audited_admin", "admin_filters"),
    *("bulk_views", "saved_filters", "exports"),
    *("sign_in_views", "confirm_views", "administrator_views", "stage", "verification"),
    *("cli_token", "revocation", "device_authorization", "device_views", "metadata", "front", "security_txt", "oidc", "rejections"),
    *("user_audit", "owner_views", "group_views", "end_access", "create_user"),
    *("saml", "saml_views"),
}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.stem not in WEB and path.parent.name != "routers"], ids=relative)
def test_services_take_no_request(path: Path) -> None:
    assert "request" not in {node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.arg)}


def test_config_is_remembered_nowhere_between_two_reads() -> None:
    source = (ROOT / "settings_app/services.py").read_text()
    assert not re.search(r"\bcache\b(?!d)|lru_cache|cached_property", re.sub(r'""".*?"""', "", source, flags=re.DOTALL))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_settings_alone_read_the_environment(path: Path) -> None:
    allowed = {"portal/env/__init__.py", "portal/settings.py", "portal/processes.py"}  # the last hands it on as a whole
    source = path.read_text().replace('os.environ.setdefault("DJANGO_SETTINGS_MODULE"', "")
    if relative(path) not in allowed:
        assert not re.search(r"os\.environ|os\.getenv", source)
