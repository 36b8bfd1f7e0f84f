"""Every variable of the environment: a good value arrives with its type and in one form, a bad one stops the start with one clear line."""

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.env import SECRETS, urls, values
from tests.environment_values import BAD, GOOD, KEY, OTHER_KEY, POSTGRES
from tests.forking import REPOSITORY, Ended, python

RUNS_ON = "sqlite"


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Nothing but these variables. An empty DATABASE_URL: a developer's .env cannot answer for it."""
    return {"PATH": os.environ["PATH"], "PORTAL_DATA_DIR": str(folder / "var"), "DATABASE_URL": "", **variables}


def start(folder: Path, code: str = "import portal.settings", **variables: str) -> Ended:
    """Reads the settings in a process of their own."""
    return python(code, environment(folder, **variables))


@pytest.mark.parametrize(("name", "value", "setting", "expected"), GOOD)
def test_a_good_value_arrives_with_its_type_and_in_one_form(name: str, value: str, setting: str, expected: str, tmp_path: Path) -> None:
    code = f"import portal.settings; print(repr(eval({setting!r}, vars(portal.settings))))"
    result = start(tmp_path, code, **{"SECRET_KEY": KEY, name: value})
    assert (result.stdout.strip(), result.stderr, result.returncode) == (expected, "", 0)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_stops_the_start_with_one_line_that_names_the_variable(name: str, value: str, tmp_path: Path) -> None:
    result = start(tmp_path, **{"SECRET_KEY": KEY, name: value})
    assert result.returncode == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"Configuration error: {name} must ")


def variables_of_the_example() -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))


def test_the_tables_have_good_and_bad_values_of_every_variable() -> None:
    every = variables_of_the_example()
    assert {name for name, *_ in GOOD} == every
    assert {name for name, *_ in BAD} == every


def test_text_that_is_no_utf_8_stops_the_start(tmp_path: Path) -> None:
    result = start(tmp_path, PORTAL_NAME=b"Caf\xe9".decode(errors="surrogateescape"))
    assert result.stderr == "Configuration error: PORTAL_NAME must be text in UTF-8.\n"


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
    result = start(tmp_path, DATABASE_URL=POSTGRES)
    assert result.returncode == 1
    assert result.stderr.startswith("Configuration error: SECRET_KEY must be set")
    assert len(result.stderr.splitlines()) == 1


def test_the_database_password_may_come_by_itself(tmp_path: Path) -> None:
    code = "import portal.settings as s; print(s.DATABASES['default']['PASSWORD'])"
    alone = {"DATABASE_URL": "postgres://portal@database/portal", "POSTGRES_PASSWORD": "w?rds / and #igits"}
    assert start(tmp_path, code, SECRET_KEY=KEY, **alone).stdout == "w?rds / and #igits\n"
    assert start(tmp_path, code, SECRET_KEY=KEY, **(alone | {"DATABASE_URL": POSTGRES})).stdout == "secret\n"


def test_the_password_of_redis_may_come_by_itself(tmp_path: Path) -> None:
    code = "import portal.settings as s; print(s.REDIS_URL, s.CELERY_BROKER_URL == s.REDIS_URL)"
    password = {"REDIS_PASSWORD": "w?rds / and #igits"}
    found = [
        start(tmp_path, code, REDIS_URL=url, **password).stdout
        for url in ("redis://redis", "redis://:own@redis", "rediss://me:own@redis", "")
    ]
    assert found == [
        "redis://:w%3Frds%20%2F%20and%20%23igits@redis:6379/0 True\n",
        "redis://:own@redis:6379/0 True\n",
        "rediss://me:own@redis:6379/0 True\n",
        " False\n",
    ]


def test_the_embedded_run_makes_a_key_once_and_keeps_it_for_its_owner_alone(tmp_path: Path) -> None:
    code = "import portal.settings; print(portal.settings.SECRET_KEY)"
    first, second = start(tmp_path, code), start(tmp_path, code)
    assert first.returncode == 0, first.stderr
    assert len(first.stdout.strip()) >= 50
    assert first.stdout == second.stdout
    assert (tmp_path / "var/secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").glob("*") if path.is_file()] == ["secret_key"]


@pytest.mark.parametrize("content", ["", "cut off"])
def test_a_kept_key_that_is_damaged_stops_the_start(content: str, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/secret_key").write_text(content)
    result = start(tmp_path)
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert result.stderr.startswith("Configuration error: SECRET_KEY must be readable in ")


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    empty = dict.fromkeys(variables_of_the_example() - {"PORTAL_DATA_DIR"}, "")
    result = start(tmp_path, "import portal.settings as s; print(s.PORT, s.TIME_ZONE, s.EMBEDDED)", **empty)
    assert (result.stdout, result.stderr) == ("8000 UTC True\n", "")


def test_the_portal_answers_to_the_host_of_its_own_address(tmp_path: Path) -> None:
    code = "import portal.settings as s; print(s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS)"
    address = "HTTPS://München.Example:443/"
    for allowed in ("127.0.0.1", "127.0.0.1,xn--mnchen-3ya.example"):
        found = start(tmp_path, code, PORTAL_URL=address, ALLOWED_HOSTS=allowed).stdout
        assert found == "['127.0.0.1', 'xn--mnchen-3ya.example'] ['https://xn--mnchen-3ya.example']\n"


def test_the_example_file_explains_every_variable_that_the_settings_read() -> None:
    source = (REPOSITORY / "portal/settings.py").read_text()
    readers = r"\b(?:read|environment\.(?!stop)\w+)"
    read = set(re.findall(readers + r'\(\s*"([A-Z_]+)"', source))
    assert {"SECRET_KEY", "DATABASE_URL", "TIME_ZONE", "WEB_WORKERS"} <= read
    assert variables_of_the_example() == read


def test_each_secret_can_be_in_a_file(tmp_path: Path) -> None:
    secrets = {
        "SECRET_KEY": (KEY, "SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": (KEY, "SECRET_KEY_FALLBACKS[0]"),
        "POSTGRES_PASSWORD": (" letters4and5digits", "POSTGRES_PASSWORD"),
        "REDIS_PASSWORD": (" letters4and5digits", "REDIS_PASSWORD"),
        "DATABASE_URL": (POSTGRES, "'postgres://portal:' + DATABASE['PASSWORD'] + '@database.example/portal'"),
        "REDIS_URL": ("redis://:password@host:6379/0", "REDIS_URL"),
        "EMAIL_URL": ("smtp://user:p@host", "'smtp://' + EMAIL.user + ':' + EMAIL.password + '@' + EMAIL.host"),
        "PORTAL_ADMIN_PASSWORD": ("$ecret-pass ", "PORTAL_ADMIN_PASSWORD"),
        "AUDIT_HTTPS_TOKEN": ("Splunk 0123", "AUDIT_HTTPS_TOKEN"),
    }
    assert set(secrets) == SECRETS
    for name, (text, _) in secrets.items():
        (tmp_path / name).write_text(text + "\n")
    code = "import portal.settings as s; print(repr([eval(e, vars(s)) for e in " + repr([e for _, e in secrets.values()]) + "]))"
    result = start(tmp_path, code, **{f"{name}_FILE": str(tmp_path / name) for name in secrets})
    assert result.stdout == f"{[text for text, _ in secrets.values()]}\n", result.stderr


@pytest.mark.parametrize(
    ("content", "other", "line"),
    [
        (None, {}, "SECRET_KEY_FILE must name a file that the portal can read."),
        (b"\xff" * 40, {}, "SECRET_KEY_FILE must name a file that the portal can read."),
        (b"\n", {}, "SECRET_KEY_FILE must name a file of exactly one line."),
        (f"{KEY}\n{KEY}\n".encode(), {}, "SECRET_KEY_FILE must name a file of exactly one line."),
        (b"short\n", {}, "SECRET_KEY must be a random text of at least 32 characters."),
        (KEY.encode(), {"SECRET_KEY": KEY}, "SECRET_KEY must not be set together with SECRET_KEY_FILE."),
    ],
)
def test_a_secret_file_that_cannot_be_used_stops_the_start(content: bytes | None, other: dict[str, str], line: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    result = start(tmp_path, SECRET_KEY_FILE=str(file), **other)
    assert (result.returncode, result.stderr) == (1, f"Configuration error: {line}\n")


def check_deploy(folder: Path, **variables: str) -> Ended:
    words = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    code = f"from django.core.management import execute_from_command_line as run; run({words})"
    return start(folder, code, SECRET_KEY=f"{KEY}{OTHER_KEY}", DJANGO_SETTINGS_MODULE="portal.settings", **variables)


def test_djangos_check_for_deployment_has_nothing_to_say_about_an_https_portal(tmp_path: Path) -> None:
    result = check_deploy(tmp_path, PORTAL_URL="https://portal.example.com", TRUSTED_PROXIES="10.1.2.3")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


READ = "import os; from pathlib import Path; from portal import env as e; e.read_file(Path(os.environ['FILE'])); "


def env_file(folder: Path, content: bytes) -> Ended:
    """What a process prints that reads this .env."""
    (folder / ".env").write_bytes(content)
    variables = {"TIME_ZONE": "UTC", "FILE": str(folder / ".env")}
    return python(READ + "print(os.environ.get('PORT'), os.environ.get('TIME_ZONE'))", variables)


def test_a_file_of_variables_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    content = "\ufeffPORT='8123'\r\n\n  # comment\nexport TIME_ZONE=Europe/Berlin\n".encode()
    assert env_file(tmp_path, content).stdout == "8123 UTC\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"PORT=8000\nSECRET_KEY = abc\n", ".env, line 2, must be NAME=value, without spaces before the =."),
        (b"PORT: 8000\n", ".env, line 1, must be NAME=value, without spaces before the =."),
        (b"PORTAL_NAME=Caf\xe9\n", ".env must be a text file in UTF-8 that the portal can read."),
    ],
)
def test_a_file_of_variables_that_is_not_understood_stops_the_start(content: bytes, line: str, tmp_path: Path) -> None:
    result = env_file(tmp_path, content)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"Configuration error: {line}\n")


def test_a_file_of_variables_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()  # root, as in some containers, may read every file
    result = python(READ, {"FILE": str(tmp_path / ".env")})
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr


PARSERS = [urls.origin, urls.hosts, urls.database, urls.redis, urls.email, values.boolean, values.whole_number(1, 9), values.words]
PARSERS += [values.name, values.key, values.keys, values.networks, values.username, values.sender, values.path(REPOSITORY)]
PARSERS += [values.static_folder(REPOSITORY)]
PIECES = st.text(st.sampled_from("ab1.:/@[]%?#=&,;<>\"'()\\ -_~+ßA\u202e\u0300٣\t\n*!$"), max_size=25)
SCHEMES = st.sampled_from(["http", "https", "postgres", "sqlite", "redis", "rediss", "smtp", "smtp+tls", "SMTPS"])


@settings(max_examples=300)
@given(st.one_of(PIECES, st.builds("{}://{}".format, SCHEMES, PIECES), st.builds("{}@{}".format, PIECES, PIECES), st.text(max_size=20)))
def test_whatever_stands_in_a_variable_is_a_value_or_an_error(text: str) -> None:
    for parse in PARSERS:
        with suppress(ValueError):
            parse(text)
    for parse in (urls.origin, urls.redis, values.name, values.sender):
        with suppress(ValueError):
            value = parse(text)
            assert parse(value) == value
