"""What second factors cost a portal in which nobody has one."""

import os
import subprocess
import sys

RUNS_ON = "sqlite"
LIBRARIES = "fido2", "qrcode", "cryptography.fernet"  # redis loads some of cryptography by itself
PROGRAM = f"""
import sys, django
django.setup()
from django.test import Client
import portal.urls, portal.asgi
print([name for name in {LIBRARIES} if name in sys.modules])
"""


def test_no_library_of_theirs_is_loaded_before_one_is_used() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment())
    assert found.stdout.splitlines()[-1] == "[]"


def environment() -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings", "DATABASE_URL": ""}
