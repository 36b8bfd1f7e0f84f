"""The OpenAPI document as a running portal serves it, in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.serving import Server, environment, this_database


@pytest.fixture(scope="module")
def portal(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(environment(tmp_path_factory.mktemp("portal"), this_database())) as server:
        yield server.answers()


@pytest.fixture(scope="module")
def document(portal: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    reply = portal.ask("GET", "/api/v1/openapi.json", "")
    assert reply.status == 200
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_bytes(reply.body)
    return file
