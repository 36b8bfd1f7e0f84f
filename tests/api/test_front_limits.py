"""Wrong tokens from one address are slowed down; good ones from the same address are not."""

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from pytest_django import Settings

from tests import event_loop
from tests.api.asgi_client import FORM, ask, introspect, verify
from tests.factories import AdministratorFactory, issue
from tests.ports import free_port
from tokens import token_format
from tokens.verification import limits
from tokens.verification.limits import InProcess, InRedis

RUNS_ON = "sqlite"
WRONG = "wrong"


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WRONG_TOKENS_A_MINUTE = 3
    monkeypatch.setattr(time, "time", lambda: 1_000_000_040.0)  # 40 seconds before the end of a minute


@pytest.fixture(params=["in process", "in Redis"])
def counter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    counter = InProcess() if request.param == "in process" else InRedis(request.getfixturevalue("redis_url"))
    monkeypatch.setattr(limits, "counter", counter)
    yield
    if isinstance(counter, InRedis):
        counter.client.close()


@pytest.mark.django_db
def test_the_fourth_wrong_token_of_a_minute_is_too_many_and_good_ones_still_pass(counter: None) -> None:
    _, text = issue()
    assert [verify(WRONG).status for _ in range(5)] == [401, 401, 401, 429, 429]
    reply = verify(WRONG)
    assert (reply.error, reply.headers["Retry-After"]) == ("too_many_requests", "40")
    assert "WWW-Authenticate" not in reply.headers
    assert [verify(text).status for _ in range(10)] == [204] * 10
    assert verify(WRONG).status == 429


@pytest.mark.django_db
def test_wrong_tokens_count_by_whichever_method_they_come(counter: None) -> None:
    _, text = issue()
    wrong, valid = (f"Basic {base64.b64encode(f'any:{password}'.encode()).decode()}" for password in (WRONG, text))
    form = {"CONTENT_TYPE": FORM}
    statuses = [ask("/verify", wrong).status, ask("/oauth/introspect", wrong, "POST", b"token=x", **form).status]
    statuses += [ask("/oauth/introspect", None, "POST", b"token=x&client_secret=wrong", **form).status, ask("/verify", wrong).status]
    assert statuses == [401, 401, 401, 429]
    assert ask("/verify", valid).status == 204


@pytest.mark.django_db
def test_another_address_and_the_next_minute_begin_at_nought(counter: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [verify(WRONG).status for _ in range(4)][-1] == 429
    assert verify(WRONG, REMOTE_ADDR="192.0.2.8").status == 401
    monkeypatch.setattr(time, "time", lambda: 1_000_000_080.0)
    assert verify(WRONG).status == 401


@pytest.mark.django_db
def test_good_tokens_requests_without_one_and_malformed_ones_are_not_counted(counter: None) -> None:
    _, text = issue()
    for _ in range(10):
        assert verify(text).status == 204
        assert ask("/verify").status == 401
        assert ask("/verify", "Bearer a b").status == 400
    assert verify(WRONG).status == 401


@pytest.mark.django_db
def test_the_tokens_that_a_gateway_asks_about_do_not_count_against_it(counter: None) -> None:
    _, caller = issue(AdministratorFactory())
    assert [introspect(caller, ("token", WRONG)).json for _ in range(10)] == [{"active": False}] * 10
    assert [introspect(WRONG, ("token", caller)).status for _ in range(4)] == [401, 401, 401, 429]


def test_an_ipv6_host_has_a_whole_network_of_addresses_and_one_count(counter: None) -> None:
    waits = [limits.wait_after_failure(f"2001:db8:1:2::{n:x}") for n in range(4)]
    assert waits == [0, 0, 0, 40]
    assert limits.wait_after_failure("2001:db8:1:3::1") == 0


def test_processes_share_the_count_in_redis(redis_url: str) -> None:
    one, other = InRedis(redis_url), InRedis(redis_url)
    with ThreadPoolExecutor() as threads:
        counts = threads.map(lambda n: (one, other)[n % 2].add("192.0.2.7", 5), range(100))
    assert sorted(counts) == list(range(1, 101))
    (key,) = one.client.keys()
    assert one.client.ttl(key) > limits.WINDOW_SECONDS
    for each in (one, other):
        each.client.close()


def test_threads_share_the_count_in_the_process() -> None:
    counter = InProcess()
    threads = [threading.Thread(target=lambda: [counter.add("192.0.2.7", 5) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.add("192.0.2.7", 5) == 801


def test_the_count_in_the_process_has_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 100)
    counter = InProcess()
    for n in range(1000):
        counter.add(f"address {n}", 5)
        assert len(counter.counts) <= 101


def test_with_redis_down_each_process_counts_for_itself_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "counter", InRedis(f"redis://127.0.0.1:{free_port()}"))
    assert [verify(WRONG).status for _ in range(20)] == [401] * 3 + [429] * 17
    lines = [record.getMessage() for record in caplog.records if "rejected tokens counted in this process" in record.getMessage()]
    assert len(lines) == 1
    assert "ConnectionError" in lines[0]


def test_a_redis_that_is_silent_costs_one_short_wait_and_is_asked_again_later(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        counter = InRedis(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert [counter.add("192.0.2.7", 5) for _ in range(20)] == [*range(1, 21)]
        assert time.monotonic() - began < 20 * 0.25  # one wait for each of them
    counter.client = redis.Redis.from_url(redis_url)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + limits.PAUSE_SECONDS)
    assert counter.add("192.0.2.7", 5) == 1
    counter.client.close()


@pytest.mark.django_db
def test_the_text_of_a_wrong_token_is_not_in_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = InRedis(redis_url)
    monkeypatch.setattr(limits, "counter", counter)
    text = token_format.generate()
    verify(text)
    assert len(keys := counter.client.keys()) == 1
    assert text not in str(keys) + str(counter.client.mget(keys))
    counter.client.close()


def test_a_slow_redis_keeps_up_neither_other_threads_nor_more_than_some(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, go_on = InRedis("redis://127.0.0.1:1"), threading.Event()
    monkeypatch.setattr(counter, "add", lambda address, window: go_on.wait(30) and 1)

    async def main() -> None:
        slow = [asyncio.create_task(counter.add_in_loop("192.0.2.7", 1)) for _ in range(limits.MOST_WAITING)]
        await asyncio.sleep(0)
        assert await counter.add_in_loop("192.0.2.7", 1) == 1
        assert await counter.add_in_loop("192.0.2.7", 1) == 2  # counted here
        await asyncio.to_thread(lambda: None)
        assert not any(task.done() for task in slow)
        go_on.set()
        assert await asyncio.gather(*slow) == [1] * limits.MOST_WAITING
        assert counter.waiting == 0

    event_loop.run(main())
