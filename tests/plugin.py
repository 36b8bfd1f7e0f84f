"""Prepares the environment before Django's settings are read. Loaded by `-p tests.plugin` (see pyproject.toml).

    python -m pytest                        on SQLite
    python -m pytest --database postgres    on a real PostgreSQL, or on the one that TEST_DATABASE_URL names
    python -m pytest --clock leap-day       at another date (tests/travel.py)
    python -m pytest --once                 without the tests whose RUNS_ON names the other database
    python -m pytest --require-real         a missing Chromium, PostgreSQL, Redis or SMTP server fails instead of skipping

With xdist the controller does all of this once; its workers inherit the environment (tests/settings.py gives each its own folder).
"""

import atexit
import gc
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, travel

LONG = ("tests/fault_injection/", "tests/processes/", "tests/test_containers.py")
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
gc.disable()  # until the tests run


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("portal", "Token Portal")
    group.addoption("--database", choices=("sqlite", "postgres"), default="sqlite", help="the database that the tests run on")
    group.addoption("--once", action="store_true", help="leave out tests that another run, on the other database, will run")
    group.addoption("--clock", choices=travel.CLOCKS, help="the date at which the tests run, instead of today")
    group.addoption("--require-real", action="store_true", help="fail, not skip, where a real component is missing")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """A wrapper, because pytest-django reads the settings in this same hook: what comes before the yield runs before that."""
    if not IS_WORKER:
        prepare(early_config.known_args_namespace)
    travel.start()
    return (yield)


def prepare(options: Any) -> None:
    os.environ["TEST_RUN_DIR"] = tempfile.mkdtemp(prefix="token-portal-")
    atexit.register(clean_up, os.environ["TEST_RUN_DIR"])  # also when a broken conftest stops the run before its first test
    os.environ["TEST_REQUIRE_REAL"] = "1" if options.require_real or os.environ.get("REQUIRE_REAL") == "1" else ""
    os.environ["TEST_DATABASE"] = options.database
    travel.choose(options.clock)
    os.environ["TEST_POSTGRES_MISSING"] = ""
    if options.database == "sqlite":
        os.environ["DATABASE_URL"] = ""
        return
    try:
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or postgres.start(Path(os.environ["TEST_RUN_DIR"]))
    except Exception as error:  # a wheel that this platform lacks, a server that does not start
        os.environ["DATABASE_URL"] = ""
        os.environ["TEST_POSTGRES_MISSING"] = f"PostgreSQL is missing: {error!r}"


def pytest_report_header() -> str:
    clock = os.environ["TEST_CLOCK"] or "today"
    missing = "fail" if os.environ["TEST_REQUIRE_REAL"] else "skip"
    return f"database: {os.environ['TEST_DATABASE']}, clock: {clock}, missing real components: {missing}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the PostgreSQL that was asked for, nothing may look as if it had run on it."""
    reason = os.environ["TEST_POSTGRES_MISSING"]
    if reason and os.environ["TEST_REQUIRE_REAL"]:
        raise pytest.UsageError(reason)
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))
    travel.select(config, items)
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))  # or the last of them would run alone at the end


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --once a module of the other database is not even imported: each process of xdist would do so."""
    if config.getoption("once") and collection_path.name.startswith("test_") and collection_path.suffix == ".py":
        return runs_on(collection_path) not in ("both", os.environ["TEST_DATABASE"]) or None
    return None


def runs_on(module: Path) -> str:
    """`RUNS_ON` of the test module, or else of its package: "sqlite", "postgres", or "both", which is the default."""
    for file in (module, module.with_name("__init__.py")):
        if file.exists() and (found := re.search(r'^RUNS_ON = "(\w+)"', file.read_text(), re.MULTILINE)):
            return found[1]
    return "both"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    travel.pass_midnight()


def clean_up(folder: str) -> None:
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What is loaded by now stays: the garbage collector need not look through it, neither meanwhile nor in every test."""
    gc.collect()
    gc.freeze()
    gc.enable()
