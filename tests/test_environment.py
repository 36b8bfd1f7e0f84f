"""A bad value in the environment stops the start with one clear line; a good one arrives with its type."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
KEY = "k" * 50


Ended = subprocess.CompletedProcess[str]

# For each line of JSON, an environment: a process that reads the settings in it. What they import is loaded once for all of them.
MANY = """
import json, os, subprocess, sys, tempfile
import celery.app, django.conf.global_settings, django.core.mail, environ, structlog
for line in sys.stdin:
    environment, (out, err) = json.loads(line), (tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+"))
    child = os.fork()
    if not child:
        os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
        os.environ.clear(), os.environ.update(environment)
        import portal.settings
        sys.stdout.flush(), os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, *(file.seek(0) or file.read() for file in (out, err))]), flush=True)
"""


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Nothing but these variables. An empty DATABASE_URL: a developer's .env cannot answer for it."""
    return {"PATH": os.environ["PATH"], "PORTAL_DATA_DIR": str(folder / "var"), "DATABASE_URL": "", **variables}


def python(code: str, variables: dict[str, str], given: str = "") -> Ended:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=REPOSITORY, env=variables, input=given, capture_output=True, text=True, timeout=60)


def start(folder: Path, code: str = "import portal.settings", **variables: str) -> Ended:
    """Reads the settings in a process of their own."""
    return python(code, environment(folder, **variables))


BAD_VALUES = [
    ("DEBUG", "perhaps"),
    ("PORT", "eighty"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("WEB_WORKERS", "0"),
    ("WEB_WORKERS", "65"),
    ("TOKEN_SCAN_MINUTES", "0"),
    ("TOKEN_SCAN_MINUTES", "1.5"),
    ("TOKEN_SCAN_MINUTES", "1441"),
    ("TIME_ZONE", "Europe/Atlantis"),
    ("TIME_ZONE", "localtime"),
    ("TIME_ZONE", "../../etc/passwd"),
    ("PORTAL_URL", "portal.example.com"),
    ("PORTAL_URL", "https://portal.example.com/tokens"),
    ("PORTAL_URL", "ftp://portal.example.com"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "mysql://user@host/name"),
    ("DATABASE_URL", "oranges://user@host/name"),
    ("REDIS_URL", "localhost:6379"),
    ("REDIS_URL", "redis://host:abc"),
    ("ALLOWED_HOSTS", " , "),
    ("SECRET_KEY_FALLBACKS", "short"),
    ("PORTAL_DATA_DIR", "/proc/nowhere"),
    ("DEFAULT_FROM_EMAIL", "nonsense, <"),
    ("EMAIL_URL", "mail.example.com"),
    ("EMAIL_URL", "carrier-pigeon://mail.example.com"),
    ("SECRET_KEY", "short"),
    ("TRUSTED_PROXIES", "localhost"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("WRONG_TOKENS_A_MINUTE", "0"),
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Ended]:
    """How the start with each bad value ended."""
    folder = tmp_path_factory.mktemp("environment")
    lines = [json.dumps(environment(folder, **{"SECRET_KEY": KEY, name: value})) for name, value in [("PORT", "8000"), *BAD_VALUES]]
    results = [json.loads(line) for line in python(MANY, environment(folder), "\n".join(lines)).stdout.splitlines()]
    assert results[0] == [0, "", ""]  # a good value, which tells a bad one from a start that never works
    return {case: Ended([], *result) for case, result in zip(BAD_VALUES, results[1:], strict=True)}


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_stops_the_start_with_one_line_that_names_the_variable(
    name: str, value: str, ended: dict[tuple[str, str], Ended]
) -> None:
    result = ended[name, value]
    assert result.returncode == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"Configuration error: {name} must ")


def test_a_name_with_a_comma_makes_a_sender_and_a_dollar_is_a_letter_like_others(tmp_path: Path) -> None:
    code = "import portal.settings as s; print(s.DEFAULT_FROM_EMAIL, s.PORTAL_ADMIN_PASSWORD)"
    result = start(tmp_path, code, SECRET_KEY=KEY, PORTAL_NAME="Acme, Inc.", PORTAL_ADMIN_PASSWORD="$ecret-pass")
    assert result.stdout.strip() == '"Acme, Inc." <portal@localhost> $ecret-pass', result.stderr


def test_nobody_else_on_the_machine_can_read_the_data(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    assert start(tmp_path, SECRET_KEY=KEY).returncode == 0
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_the_line_about_a_bad_value_does_not_show_the_secret_in_it(tmp_path: Path) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "EMAIL_URL", "REDIS_URL"):
        result = start(tmp_path, **{"SECRET_KEY": KEY, name: "pigeon://u:hunter2@host"})
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), (name, result.stderr)
        assert "hunter2" not in result.stderr


def test_outside_the_embedded_run_the_secret_key_has_no_default(tmp_path: Path) -> None:
    result = start(tmp_path, DATABASE_URL="postgres://portal:secret@database.example/portal")
    assert result.returncode == 1
    assert result.stderr.startswith("Configuration error: SECRET_KEY must be set")
    assert len(result.stderr.splitlines()) == 1


def test_the_embedded_run_makes_a_key_once_and_keeps_it_for_its_owner_alone(tmp_path: Path) -> None:
    code = "import portal.settings; print(portal.settings.SECRET_KEY)"
    first, second = start(tmp_path, code), start(tmp_path, code)
    assert first.returncode == 0, first.stderr
    assert len(first.stdout.strip()) >= 50
    assert first.stdout == second.stdout
    assert (tmp_path / "var/secret_key").stat().st_mode & 0o777 == 0o600


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    names = re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    empty = dict.fromkeys(set(names) - {"PORTAL_DATA_DIR"}, "")
    result = start(tmp_path, "import portal.settings as s; print(s.PORT, s.TIME_ZONE, s.EMBEDDED)", **empty)
    assert (result.stdout, result.stderr) == ("8000 UTC True\n", "")


def test_good_values_arrive_with_their_types(tmp_path: Path) -> None:
    code = "import portal.settings as s; print([s.PORT, s.DEBUG, s.ALLOWED_HOSTS, s.TIME_ZONE, s.HTTPS, s.EMAIL_HOST, s.EMAIL_PORT])"
    values = {
        "PORT": "8123",
        "DEBUG": "true",
        "ALLOWED_HOSTS": "portal.example.com,localhost",
        "TIME_ZONE": "Europe/Berlin",
        "PORTAL_URL": "https://portal.example.com",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    }
    result = start(tmp_path, code, **values)
    expected = [8123, True, ["portal.example.com", "localhost"], "Europe/Berlin", True, "mail.example.com", 587]
    assert result.stdout == f"{expected}\n", result.stderr


def test_the_example_file_explains_every_variable_that_the_settings_read() -> None:
    source = (REPOSITORY / "portal/settings.py").read_text()
    readers = r"(?:read|environment\.(?!stop)\w+)"
    read = set(re.findall(readers + r'\(\s*"([A-Z_]+)"', source))
    assert {"SECRET_KEY", "DATABASE_URL", "TIME_ZONE", "WEB_WORKERS"} <= read
    example = (REPOSITORY / ".env.example").read_text()
    explained = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert explained - {"POSTGRES_PASSWORD"} == read
