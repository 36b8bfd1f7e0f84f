"""A portal without providers loads nothing for them."""

import os
from pathlib import Path

import pytest

from tests.forking import python

pytestmark = pytest.mark.field

CODE = """
import portal.asgi, sys
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in ("requests", "jwt", "xmlsec", "lxml", "portal.sso.oidc") if name in sys.modules])
"""


def test_a_portal_without_providers_loads_no_library_of_theirs(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PORTAL_DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": "", "SIGN_IN_PROVIDERS": ""}
    result = python(CODE, environment)
    assert (result.stdout.strip(), result.returncode) == ("[]", 0), result.stderr
