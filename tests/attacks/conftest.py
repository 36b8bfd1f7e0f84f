"""One real server for the attacks of a module, on the tests' own database."""

from collections.abc import Iterator

import pytest

from tests.processes.serving import Server, environment, this_database


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As in production, with one process. `WRONG_TOKENS_A_MINUTE`: the attacks are counted elsewhere."""
    more = {"DJANGO_SETTINGS_MODULE": "tests.attacks.settings", "WRONG_TOKENS_A_MINUTE": "100000"}
    with Server(environment(tmp_path_factory.mktemp("attacked"), this_database(), **more)) as server:
        yield server.answers()
