"""Who is gone and who only could not be seen: a node never takes its own blindness for the death of others. The clock runs ahead by itself."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from server.bus.lease import LEASE_S, RENEWALS, Lease
from server.bus.names import RedisNames
from tests.support.virtual_time import in_virtual_time

RENEW_S = LEASE_S / RENEWALS


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Leases:
    """Stands where Redis does, for the scripts of leases; it can be away, or answer nobody for a while."""

    dates: dict[str, float] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    is_away: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    async def execute_command(self, _: str, script: str, *arguments: Any) -> object:
        await self.answers.wait()
        if self.is_away:
            raise RedisConnectionError
        node = arguments[-1]
        if "ZRANGE" not in script:
            self.left[node] = self.dates.pop(node)
            return None
        last, self.dates[node] = self.dates.get(node), now()
        return str(now()).encode(), None if last is None else str(last).encode(), _flat(self.dates), _flat(self.left)


def _flat(dates: dict[str, float]) -> list[bytes]:
    return [text for name, date in dates.items() for text in (name.encode(), str(date).encode())]


class Node:
    """A node that renews its lease until it dies, and when it found out what about others."""

    def __init__(self, redis: Leases) -> None:
        self.lease = Lease(
            redis,  # type: ignore[arg-type]
            RedisNames("test", ""),
            on_met=lambda _: None,
            on_gone=self._gone,
            on_break=lambda _: None,
            on_lost=self._lost,
            clock=now,
        )
        self.gone_at: list[float] = []
        self.lost_at: list[float] = []
        self.keeping: asyncio.Task[None] | None = None

    async def live(self) -> None:
        await self.lease.take()
        self.keeping = asyncio.create_task(self.lease.keep())

    def die(self) -> None:
        assert self.keeping is not None
        self.keeping.cancel()

    def _gone(self, _: Collection[str]) -> None:
        self.gone_at.append(now())

    def _lost(self) -> None:
        self.lost_at.append(now())


async def two() -> tuple[Leases, Node, Node]:
    redis = Leases()
    first, second = Node(redis), Node(redis)
    for node in (first, second):
        await node.live()
        await asyncio.sleep(0.3)  # they do not renew in step
    await asyncio.sleep(5 * RENEW_S)
    assert (first.lease.others, second.lease.others) == ({second.lease.node}, {first.lease.node})
    return redis, first, second


def test_a_node_that_dies_is_gone_when_its_lease_is_over_and_hardly_later() -> None:
    async def watch() -> None:
        _, first, second = await two()
        died_at = now()
        second.die()
        await asyncio.sleep(3 * LEASE_S)
        (gone_at,) = first.gone_at
        assert LEASE_S - RENEW_S < gone_at - died_at <= LEASE_S + 0.5
        assert first.lease.is_alone
        assert first.lease.list_over(0) == [second.lease.node]

    in_virtual_time(watch())


@pytest.mark.parametrize("is_silent", [False, True], ids=["Redis is away", "Redis hangs"])
def test_while_redis_answers_nobody_nobody_is_gone_nor_as_soon_as_it_does(is_silent: bool) -> None:
    async def watch() -> None:
        redis, first, second = await two()
        if is_silent:
            redis.answers.clear()
        redis.is_away = not is_silent
        await asyncio.sleep(3 * LEASE_S)
        redis.is_away = False
        redis.answers.set()
        await asyncio.sleep(3 * LEASE_S)
        assert (first.gone_at, second.gone_at) == ([], [])
        assert first.lease.list_over(0) == []

    in_virtual_time(watch())


def test_a_node_that_died_while_nobody_could_see_it_is_gone_a_lease_after_that() -> None:
    async def watch() -> None:
        redis, first, second = await two()
        redis.is_away = True
        await asyncio.sleep(3 * LEASE_S)
        second.die()
        redis.is_away = False
        seen_again_at = now()
        await asyncio.sleep(3 * LEASE_S)
        (gone_at,) = first.gone_at
        assert LEASE_S - RENEW_S <= gone_at - seen_again_at <= LEASE_S + 0.5

    in_virtual_time(watch())


def test_the_time_in_which_people_of_a_node_that_left_may_come_back_begins_anew_once_redis_is_there_again() -> None:
    async def watch() -> None:
        redis, first, second = await two()
        second.die()
        await second.lease.give_up()
        first.lease.forget(second.lease.node)
        redis.is_away = True
        await asyncio.sleep(3 * LEASE_S)
        redis.is_away = False
        await asyncio.sleep(RENEW_S + 0.5)
        assert first.lease.list_over(2 * LEASE_S) == []
        await asyncio.sleep(2 * LEASE_S)
        assert first.lease.list_over(2 * LEASE_S) == [second.lease.node]

    in_virtual_time(watch())


def test_a_node_whose_own_lease_was_over_hears_so_once() -> None:
    async def watch() -> None:
        redis, first, _ = await two()
        redis.dates[first.lease.node] -= LEASE_S + RENEW_S
        await asyncio.sleep(3 * LEASE_S)
        assert len(first.lost_at) == 1

    in_virtual_time(watch())


def test_after_redis_has_forgotten_everything_nothing_is_sure_for_the_time_of_a_lease() -> None:
    async def watch() -> None:
        redis, first, second = await two()
        redis.dates.clear()
        await asyncio.sleep(RENEW_S)
        assert first.lease.is_settling
        assert second.lease.is_settling
        await asyncio.sleep(LEASE_S - 2 * RENEW_S)
        assert first.lease.is_settling
        await asyncio.sleep(2 * RENEW_S)
        assert not first.lease.is_settling
        assert (first.gone_at, second.gone_at) == ([], [])

    in_virtual_time(watch())
