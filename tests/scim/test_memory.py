"""A portal without a directory does not load the library."""

import subprocess
import sys

import pytest

RUNS_ON = "sqlite"
pytestmark = pytest.mark.field


def test_library_is_not_loaded_before_a_directory_calls() -> None:
    program = "import portal.asgi, sys; print([name for name in ('scim2_models', 'lark', 'email_validator') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
