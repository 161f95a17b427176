"""The kinds of faults of a long run, by their names: what each does to a site, and how it ends."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from benchmarks.history_faults import Faults, Strike
from benchmarks.servers import holding_breath, kill_redis

CLOCK_OFF_S = 20
LEASE_S = 8.0  # after it the other nodes give up one that is silent
FLUSH_WITHIN_S = 30.0
DISK_FULL_WITHIN_S = 8.0


async def _kill_node(faults: Faults, stack: AsyncExitStack) -> None:
    node = await stack.enter_async_context(faults.any_node())
    with faults.noting("kill -9 of a node", node.server.url):
        await node.server.kill()
        await faults.hold(0.0, 12.0)
        await node.server.start()


async def _pause_node(faults: Faults, stack: AsyncExitStack) -> None:
    node = await stack.enter_async_context(faults.any_node())
    with faults.noting("SIGSTOP of a node", node.server.url):
        node.server.pause()
        try:
            await faults.hold(1.0, 14.0)
        finally:
            node.server.go_on()


async def _shift_clock(faults: Faults, stack: AsyncExitStack) -> None:
    node = await stack.enter_async_context(faults.any_node())
    with faults.noting("clock of a node 20 s off", node.server.url):
        node.set_clock(faults.random.choice((-CLOCK_OFF_S, CLOCK_OFF_S)))
        try:
            await faults.hold(5.0, 15.0)
        finally:
            node.set_clock(0)


def _line(store: str, act: str, least: float, most: float) -> Strike:
    async def strike(faults: Faults, stack: AsyncExitStack) -> None:
        node = await stack.enter_async_context(faults.any_node())
        link = node.redis if store == "Redis" else node.mongodb
        with faults.noting(f"line to {store} {act}", node.server.url):
            if act == "cut":
                await link.cut()
                try:
                    await faults.hold(least, most)
                finally:
                    await link.open()
            else:
                link.stall()
                try:
                    await faults.hold(least, most)
                finally:
                    link.go_on()

    return strike


async def _kill_redis(faults: Faults, stack: AsyncExitStack) -> None:
    await faults.redis(stack)
    with faults.noting("kill -9 of Redis", "redis"):
        await kill_redis(faults.site.stores)


async def _flush_redis(faults: Faults, stack: AsyncExitStack) -> None:
    await faults.redis(stack)
    with faults.noting("FLUSHALL of Redis", "redis"):
        async with Redis.from_url(faults.site.stores.redis_url) as redis, asyncio.timeout(FLUSH_WITHIN_S):
            while True:
                try:
                    await redis.flushall()
                    break
                except (RedisError, OSError):
                    await asyncio.sleep(0.1)


async def _pause_redis(faults: Faults, stack: AsyncExitStack) -> None:
    await faults.redis(stack)
    assert faults.site.stores.valkey is not None
    pid = await faults.site.stores.valkey.pid()
    with faults.noting("SIGSTOP of Redis", "redis"), holding_breath(pid):
        await faults.hold(2.0, 12.0)


async def _step_down(faults: Faults, stack: AsyncExitStack) -> None:
    primary = await faults.mongodb(stack)
    with faults.noting("primary steps down", str(primary.port)):
        with suppress(PyMongoError):
            await primary.ask({"replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 2, "force": True})
        await faults.site.mongodb.primary()


async def _kill_primary(faults: Faults, stack: AsyncExitStack) -> None:
    primary = await faults.mongodb(stack)
    with faults.noting("kill -9 of the primary", str(primary.port)):
        await primary.kill()
        await faults.hold(0.0, 6.0)
        await primary.start()
        await faults.site.mongodb.primary()


async def _kill_lonely_primary(faults: Faults, stack: AsyncExitStack) -> None:
    """The primary dies with writes that nobody else has, and what others elect instead goes on without them."""
    primary = await faults.mongodb(stack)
    others = [member for member in faults.site.mongodb.members if member is not primary]
    with faults.noting("kill -9 of a primary that is alone", str(primary.port)):
        await asyncio.gather(*(member.kill() for member in others))
        await faults.hold(0.3, 1.5)
        await primary.kill()
        await asyncio.gather(*(member.start() for member in others))
        await faults.site.mongodb.primary()
        await faults.hold(0.0, 3.0)
        await primary.start()


async def _kill_all_members(faults: Faults, stack: AsyncExitStack) -> None:
    await faults.mongodb(stack)
    members = faults.site.mongodb.members
    with faults.noting("kill -9 of all of MongoDB", "mongodb"):
        for member in members:
            member.signal(signal.SIGKILL)
        await asyncio.gather(*(member.ended() for member in members))
        await asyncio.gather(*(member.start() for member in members))
        await faults.site.mongodb.primary()


async def _pause_primary(faults: Faults, stack: AsyncExitStack) -> None:
    primary = await faults.mongodb(stack)
    with faults.noting("SIGSTOP of the primary", str(primary.port)):
        primary.signal(signal.SIGSTOP)
        try:
            await faults.hold(1.0, 8.0)
        finally:
            primary.signal(signal.SIGCONT)
        await faults.site.mongodb.primary()


async def _slow_disk(faults: Faults, stack: AsyncExitStack) -> None:
    primary = await faults.mongodb(stack)
    with faults.noting("each call of MongoDB takes longer", str(primary.port)):
        await faults.site.mongodb.slow_down(primary, faults.random.randint(50, 1500))
        try:
            await faults.hold(2.0, 6.0)
        finally:
            await faults.site.mongodb.slow_down(primary, None)


async def _fill_disk(faults: Faults, stack: AsyncExitStack) -> None:
    await faults.mongodb(stack)
    member = faults.random.choice(faults.site.mongodb.members)
    with faults.noting("disk full on a member", str(member.port)):
        member.fill_disk()
        with suppress(TimeoutError):
            await asyncio.wait_for(member.ended(), DISK_FULL_WITHIN_S)
        await member.kill()
        await member.start()
        await faults.site.mongodb.primary()


async def _kill_node_while_mongodb_stands(faults: Faults, stack: AsyncExitStack) -> None:
    """MongoDB carries out what a node sent it long after that node is given up."""
    await faults.mongodb(stack)
    node = await stack.enter_async_context(faults.any_node())
    members = faults.site.mongodb.members
    with faults.noting("kill -9 of a node while MongoDB stands still", node.server.url):
        for member in members:
            member.signal(signal.SIGSTOP)
        try:
            await faults.hold(0.2, 0.6)
            await node.server.kill()
            await faults.hold(LEASE_S, LEASE_S + 4.0)
        finally:
            for member in members:
                member.signal(signal.SIGCONT)
        await faults.site.mongodb.primary()
        await node.server.start()


KINDS: Mapping[str, Strike] = {
    "node_kill": _kill_node,
    "node_pause": _pause_node,
    "clock": _shift_clock,
    "redis_line_cut": _line("Redis", "cut", 1.0, 12.0),
    "redis_line_stall": _line("Redis", "stalled", 2.0, 14.0),
    "mongodb_line_cut": _line("MongoDB", "cut", 0.5, 10.0),
    "mongodb_line_stall": _line("MongoDB", "stalled", 0.5, 12.0),
    "redis_kill": _kill_redis,
    "redis_flush": _flush_redis,
    "redis_pause": _pause_redis,
    "step_down": _step_down,
    "primary_kill": _kill_primary,
    "primary_alone": _kill_lonely_primary,
    "mongodb_kill": _kill_all_members,
    "primary_pause": _pause_primary,
    "slow": _slow_disk,
    "disk_full": _fill_disk,
    "late_write": _kill_node_while_mongodb_stands,
}
