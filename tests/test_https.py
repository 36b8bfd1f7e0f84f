"""A portal whose address begins with https://: its cookies, what it tells browsers, and who may still ask it by http."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.environment_values import KEY
from tests.test_environment import start

RUNS_ON = "sqlite"
ASK = """
import json, django
from django.conf import settings
django.setup()
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from settings_app.models import Config

with connection.schema_editor() as editor:  # all of the database that the sign-in page reads
    editor.create_model(Config)
    editor.create_model(Authenticator)

def ask(path, host, **headers):
    answer = Client(headers={"Host": host, **headers}).get(path)
    cookies = {name: dict(morsel) for name, morsel in answer.cookies.items()}
    return {"status": answer.status_code, "hsts": answer.headers.get("Strict-Transport-Security"), "cookies": cookies}

proxied = {"X-Forwarded-Proto": "https"}
print(json.dumps({
    "session": settings.SESSION_COOKIE_NAME,
    "secure": settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE,
    "path": [settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_DOMAIN],
    "page": ask("/accounts/sign-in/", "portal.example.com", **proxied),
    "probes": [ask(path, "10.1.2.3:8000") for path in ("/livez", "/readyz?exclude=migrations", "/healthz")],
    "plain": ask("/accounts/sign-in/", "portal.example.com"),
}))
"""


def portal(folder: Path, url: str) -> dict[str, Any]:
    (folder / "static").mkdir()
    files = {"STATIC_ROOT": str(folder / "static"), "DJANGO_SETTINGS_MODULE": "portal.settings", "DEBUG": "true"}  # no hashed file names
    result = start(folder, ASK, SECRET_KEY=KEY, PORTAL_URL=url, **files)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_cookies_are_for_this_host_and_https_alone_and_browsers_stay_with_https(tmp_path: Path) -> None:
    found = portal(tmp_path, "https://portal.example.com")
    assert (found["session"], found["secure"], found["path"]) == ("__Host-portal_session", True, ["/", None])
    assert found["page"]["status"] == 200
    assert found["page"]["hsts"] == "max-age=31536000"
    ((name, cookie),) = found["page"]["cookies"].items()
    assert name == "__Host-portal_csrf"
    assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["httponly"]) == (True, "/", "", True)


def test_probes_over_http_are_not_redirected(tmp_path: Path) -> None:
    found = portal(tmp_path, "https://portal.example.com")
    assert [(probe["status"], probe["hsts"]) for probe in found["probes"]] == [(200, None)] * 3
    # What redirects is the proxy, which alone knows how it was asked.
    assert (found["plain"]["status"], found["plain"]["hsts"]) == (200, None)


@pytest.mark.parametrize(("url", "prefix"), [("https://portal.example.com:8443", "__Host-"), ("http://portal.example.com", "")])
def test_a_host_that_others_use_by_http_is_not_taken_over(url: str, prefix: str, tmp_path: Path) -> None:
    found = portal(tmp_path, url)
    assert (found["page"]["status"], found["page"]["hsts"]) == (200, None)
    assert found["session"] == f"{prefix}portal_session"
