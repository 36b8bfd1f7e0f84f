"""SIGHUP replaces the portal's processes: through a gateway no request is lost by that."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal import processes
from tests.factories import issue
from tests.gateway.gateways import GATEWAYS, running
from tests.gateway.wsgi_service import WSGIService, send
from tests.ports import free_port
from tests.processes.running import Program, until
from tests.processes.serving import environment, this_database

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
CLIENTS = 4


@pytest.fixture
def two_processes(transactional_db: None, tmp_path: Path) -> Iterator[tuple[Program, int]]:
    """The portal as `make run` starts it, and its port."""
    port = free_port()
    with Program(processes.commands(port, 2)["web"], environment(tmp_path, this_database(), TRUSTED_PROXIES="127.0.0.1")) as portal:
        assert processes.wait_until_it_answers(port), portal.output
        yield portal, port


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_no_request_is_lost_by_a_reload(
    name: str, two_processes: tuple[Program, int], service: WSGIService, tmp_path_factory: pytest.TempPathFactory
) -> None:
    portal, portal_port = two_processes
    _, text = issue()
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses[send(port, text).status] += 1
            time.sleep(0.05)  # each of them is a connection, whose port stays taken for a minute

    with running(GATEWAYS[name], tmp_path_factory.mktemp(name), portal_port, service.port) as port:
        clients = [threading.Thread(target=ask, daemon=True) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        until(lambda: statuses[200] > 50, lambda: f"responses: {statuses}")
        before = {child.pid for child in psutil.Process(portal.process.pid).children()}
        os.kill(portal.process.pid, signal.SIGHUP)
        until(lambda: not before & {child.pid for child in psutil.Process(portal.process.pid).children()}, portal.output, 60)
        answered = statuses[200]
        until(lambda: statuses[200] > answered + 50, lambda: f"responses: {statuses}")
        stop.set()
        for client in clients:
            client.join(20)
    assert set(statuses) == {200}, statuses
