"""Dockerfile and docker-compose.yml. No Docker engine is needed: each service's own command runs with its own environment
against the real PostgreSQL and Redis of the tests, and is asked by its own health check whether it is well."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from tests import containers, postgres
from tests.environment_values import KEY
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.services import missing, redis_program

RUNS_ON = "postgres"
REDIS_PASSWORD = """a "b' c\\\\d&e $HOME %s #f"""
VARIABLES = {
    "SECRET_KEY": KEY,
    "POSTGRES_PASSWORD": "letters4and5digits",
    "REDIS_PASSWORD": REDIS_PASSWORD,
    "PORTAL_URL": "https://portal.example.com",
}
OWN = ("migrate", "web", "worker", "beat")


@pytest.fixture
def services() -> dict[str, Any]:
    return containers.compose(VARIABLES)["services"]


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "PORTAL_URL"])
def test_without_what_it_needs_compose_stops_and_says_which(name: str) -> None:
    with pytest.raises(KeyError, match=f"set {name} in .env"):
        containers.compose({key: value for key, value in VARIABLES.items() if key != name})


def test_a_default_within_a_default_is_not_for_older_compose() -> None:
    with pytest.raises(AssertionError, match="not understood"):
        containers.interpolate("${PORTAL_URL:-http://127.0.0.1:${PORT:-8000}}", {})


def test_images_are_pinned_by_version_and_digest(services: dict[str, Any]) -> None:
    pinned = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+@sha256:[0-9a-f]{64}")
    images = [services[name]["image"] for name in ("postgres", "redis")]
    images += [words.split()[0] for stage in containers.dockerfile() for name, words in stage if name == "FROM"]
    assert len(images) == 4
    assert not [image for image in images if not pinned.fullmatch(image)]


def test_no_service_can_use_up_the_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert 0 < service["pids_limit"] <= 512, name
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_secrets_may_come_as_files() -> None:
    base, files = containers.compose(VARIABLES), containers.compose({}, "docs/compose-secrets.yml")
    for name in ("postgres", "redis", *OWN):
        merged = base["services"][name]["environment"] | files["services"][name]["environment"]
        secrets = files["services"][name]["secrets"]
        assert {value: key for key, value in merged.items() if key.endswith("_FILE")} == {
            f"/run/secrets/{secret}": f"{secret.upper()}_FILE" for secret in secrets
        }
        assert all(merged[secret.upper()] == "" for secret in secrets)
        assert set(secrets) <= set(files["secrets"])
        known = [VARIABLES[key] for key in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")]
        assert not [value for value in merged.values() for secret in known if secret in value]


def test_no_secret_is_written_in_a_file_of_the_repository() -> None:
    for file in ("docker-compose.yml", "docs/compose-secrets.yml", "Dockerfile", ".env.example"):
        for value in re.findall(r"^\s*\w*(?:PASSWORD|SECRET_KEY)[ \t]*[:=][ \t]*(\S+)", (REPOSITORY / file).read_text(), re.MULTILINE):
            assert value.startswith("${") or value == '""', file


def test_every_service_runs_without_root_and_on_a_read_only_disk(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis", *OWN}
    for name, service in services.items():
        assert service["user"] not in ("root", "0"), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name


def test_the_image_itself_does_not_run_as_root_either() -> None:
    *builders, final = containers.dockerfile()
    assert builders
    instructions = [name for name, _ in final]
    assert dict(final)["USER"] == "10001"
    assert instructions.index("USER") < instructions.index("CMD")
    assert all(not name.startswith("RUN") for name in instructions[instructions.index("USER") :])


def test_every_service_that_stays_has_a_health_check(services: dict[str, Any]) -> None:
    for name in set(services) - {"migrate"}:
        assert services[name]["healthcheck"]["test"], name
    assert "/readyz" in services["web"]["healthcheck"]["test"][-1]
    assert "/livez" in containers.image_healthcheck()[-1]


def test_nothing_starts_before_the_migrations_are_done(services: dict[str, Any]) -> None:
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_only_the_web_server_can_be_reached_and_only_from_this_machine(services: dict[str, Any]) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {"web": ["127.0.0.1:8000:8000"]}


def test_the_databases_are_on_a_network_that_leads_nowhere(services: dict[str, Any]) -> None:
    assert containers.compose(VARIABLES)["networks"]["internal"] == {"internal": True}
    assert {name: service["networks"] for name, service in services.items()} == {
        "postgres": ["internal"],
        "redis": ["internal"],
        **{name: ["default", "internal"] for name in OWN},
    }


def test_volumes_that_are_used_are_declared_and_the_other_way_round() -> None:
    document = containers.compose(VARIABLES)
    used = {volume.split(":")[0] for service in document["services"].values() for volume in service.get("volumes", [])}
    assert used == set(document["volumes"])


def test_the_image_contains_what_the_portal_reads_and_no_more() -> None:
    copied = {words.split()[0] for stage in containers.dockerfile() for name, words in stage if name == "COPY" and "--from" not in words}
    allowed = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    assert all((REPOSITORY / name).exists() for name in copied)


def test_each_variable_of_the_settings_is_passed_on_or_set_by_the_image(services: dict[str, Any]) -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))
    not_for_production = {"DEBUG"}
    of_compose = {"PORT"}  # the one that is published
    passed = set(services["web"]["environment"]) | set(containers.image_environment())
    assert example - passed == not_for_production | of_compose


class Containers:
    """Runs services' commands here. Names of hosts and folders that exist in a container alone are replaced, nothing else."""

    def __init__(self, services: dict[str, Any], database_url: str, folder: Path) -> None:
        self.services, self.folder = services, folder
        self.port, self.redis_port = free_port(), free_port()
        image = containers.image_environment()
        self.places = {
            services["web"]["environment"]["DATABASE_URL"]: database_url,
            services["web"]["environment"]["REDIS_URL"]: f"redis://127.0.0.1:{self.redis_port}/0",
            image["PORTAL_DATA_DIR"]: str(folder / "data"),
            image["STATIC_ROOT"]: str(folder / "staticfiles"),
            "0.0.0.0": "127.0.0.1",
        }
        (folder / "data").mkdir()
        (folder / "redis").mkdir()

    def environment(self, name: str) -> dict[str, str]:
        variables = {**containers.image_environment(), **self.services[name]["environment"]}
        variables = {key: self.places.get(value, value) for key, value in variables.items()}
        program = redis_program() or missing("Redis")
        return {**variables, "PATH": f"{Path(sys.executable).parent}:{Path(program).parent}:{os.environ['PATH']}"}

    def command(self, name: str) -> list[str]:
        words = self.services[name].get("command") or containers.image_command()
        if name == "redis":  # its port is Redis's own default
            words = [
                word.replace("/data/", f"{self.folder}/redis/").replace("--save", f"--port {self.redis_port} --save") for word in words
            ]
        return [self.places.get(word, word).replace("8000", str(self.port)) for word in words]

    def start(self, name: str) -> Program:
        return Program(self.command(name), self.environment(name))

    def is_healthy(self, name: str, image: bool = False) -> bool:
        """By the service's own health check, or by its image's."""
        kind, *words = ["CMD", *containers.image_healthcheck()] if image else self.services[name]["healthcheck"]["test"]
        words = ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words
        words = [word.replace(":8000/", f":{self.port}/").replace("redis-cli", f"redis-cli -p {self.redis_port}") for word in words]
        result = subprocess.run(words, cwd=REPOSITORY, env=self.environment(name), capture_output=True, timeout=60)
        return result.returncode == 0


def test_redis_asks_for_its_password_and_keeps_it_out_of_its_arguments(services: dict[str, Any], tmp_path: Path) -> None:
    here = Containers(services, "", tmp_path)
    assert not here.is_healthy("redis"), "a health check that cannot fail is none"
    with here.start("redis") as server:
        until(lambda: here.is_healthy("redis"), lambda: f"healthy Redis:\n{server.output}", 20)
        with redis.Redis(port=here.redis_port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis(port=here.redis_port, password=REDIS_PASSWORD) as portal:
            assert portal.config_get("save") | portal.config_get("appendonly") == {"save": "", "appendonly": "no"}
        assert not [word for word in psutil.Process(server.process.pid).cmdline() if REDIS_PASSWORD in word]
        here.services["redis"]["environment"]["REDIS_PASSWORD"] = "another password"
        assert not here.is_healthy("redis")


@pytest.fixture
def running(services: dict[str, Any], tmp_path: Path) -> Iterator[Containers]:
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE containers")
    containers = Containers(services, postgres.url_for(url, "containers"), tmp_path)
    with containers.start("redis"):
        yield containers
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE containers WITH (FORCE)")


@pytest.mark.field
@pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="containers run on PostgreSQL: in the other half of the run")
def test_each_service_starts_with_its_own_command_and_environment_and_becomes_healthy(running: Containers) -> None:
    with running.start("migrate") as migrate:
        assert migrate.ends_with_all(120) == 0, migrate.output
        file = Path(json.loads(migrate.wait_for("password_file"))["password_file"])
        assert len(file.read_text()) > 12
        assert file.read_text().strip() not in migrate.output
    with running.start("web") as web, running.start("worker") as worker, running.start("beat") as beat:
        for name, program in {"web": web, "worker": worker, "beat": beat}.items():
            until(lambda name=name: running.is_healthy(name), f"healthy {name}:\n{program.output}", 60)
        assert running.is_healthy("web", image=True)
        for program in (web, worker, beat):
            program.process.terminate()  # what `docker stop` does
        for program in (beat, worker, web):
            assert program.ends_with_all(30) in (0, -15, 143), program.output
    for line in [*migrate.lines, *web.lines, *worker.lines, *beat.lines]:
        assert json.loads(line)["event"]
    assert "Starting granian" in web.output
    assert "Warm shutdown" in worker.output
    assert not running.is_healthy("web") | running.is_healthy("web", image=True), "a health check that cannot fail is none"
