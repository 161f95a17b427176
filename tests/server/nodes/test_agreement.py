"""Which of several nodes is the wrong one: the later of two secrets, and the clock that most others differ from."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from time import time

import pytest
from redis.asyncio import Redis

from server.nodes.agreement import Agreement

Join = Callable[..., "object"]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


class Nodes:
    """Nodes of one site, in the order in which they came."""

    def __init__(self, redis: Redis, stack: AsyncExitStack) -> None:
        self._redis, self._stack = redis, stack
        self._key = f"test_{secrets.token_hex(8)}"
        self.all: list[Agreement] = []

    async def add(self, *, secret: str = "a", ahead_s: float = 0, machine: str = "") -> Agreement:
        number = len(self.all) + 1
        node = Agreement(self._redis, self._key, f"node{number}", secret, clock=lambda: time() + ahead_s)
        self._stack.push_async_callback(node.close)
        await node.open(f"http://{machine or f'10.0.0.{number}'}:9001")
        self.all.append(node)
        return node

    async def look(self) -> None:
        for node in self.all:
            await node._compare()

    def ready(self) -> list[bool]:
        return [node.has_secret and node.has_time for node in self.all]


@pytest.fixture
async def nodes(redis: Redis) -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        yield Nodes(redis, stack)


async def test_of_two_secrets_that_of_the_eldest_counts_however_many_have_the_other(nodes: Nodes) -> None:
    await nodes.add(secret="a")
    for _ in range(3):
        await nodes.add(secret="b")
    await nodes.look()
    assert nodes.ready() == [True, False, False, False]
    await nodes.all.pop(0).close()
    await nodes.look()
    assert nodes.ready() == [True, True, True]


async def test_of_two_clocks_redis_says_which_is_wrong(nodes: Nodes) -> None:
    await nodes.add(ahead_s=60)
    await nodes.add()
    await nodes.look()
    assert nodes.ready() == [False, True]


async def test_where_redis_has_the_wrong_time_nobody_is_wrong(nodes: Nodes) -> None:
    for _ in range(3):
        await nodes.add(ahead_s=-600)
    await nodes.look()
    assert nodes.ready() == [True, True, True]
    assert nodes.all[0].offset_s == pytest.approx(-600, abs=5)


async def test_the_workers_of_one_machine_have_one_clock_between_them(nodes: Nodes) -> None:
    for _ in range(4):
        await nodes.add(ahead_s=60, machine="10.0.0.1")
    await nodes.add(machine="10.0.0.2")
    await nodes.look()
    assert nodes.ready() == [False, False, False, False, True]


async def test_of_two_that_are_off_by_as_much_in_two_directions_one_stays(nodes: Nodes) -> None:
    await nodes.add(ahead_s=20)
    await nodes.add(ahead_s=-20)
    await nodes.look()
    assert nodes.ready() == [True, False]


@pytest.mark.parametrize("ahead_s", [25, -25])
async def test_clocks_within_half_a_minute_are_no_matter(nodes: Nodes, ahead_s: float) -> None:
    await nodes.add()
    await nodes.add(ahead_s=ahead_s)
    await nodes.look()
    assert nodes.ready() == [True, True]


async def test_each_thing_is_said_once_and_taken_back_once(nodes: Nodes, caplog: pytest.LogCaptureFixture) -> None:
    await nodes.add(secret="a")
    await nodes.add(secret="b")
    for _ in range(3):
        await nodes.look()
    said = [record.getMessage() for record in caplog.records if "auth.secret" in record.getMessage()]
    assert len(said) == 2
    assert "http://10.0.0.1:9001" in said[0]
    await nodes.all.pop(0).close()
    for _ in range(3):
        await nodes.look()
    assert [record.getMessage() for record in caplog.records][-1] == (
        "auth.secret: this node and http://10.0.0.1:9001 agree now, or one of them is gone"
    )
    assert len(caplog.records) == 3


async def test_what_another_version_says_of_itself_is_no_fault(nodes: Nodes, redis: Redis) -> None:
    node = await nodes.add()
    for said in ("", "1.0", "1.0 {", '1.0 {"url": "x"}', "1.0 []"):
        await redis.hset(node._key, "other", said)  # type: ignore[misc]
        await nodes.look()
    seconds, _ = await redis.time()
    for said in (f"{seconds}.0 {{}}", f"{seconds}.0 []", f"{seconds}.0"):
        await redis.hset(node._key, "other", said)  # type: ignore[misc]
        await nodes.look()
    assert nodes.ready() == [True]
