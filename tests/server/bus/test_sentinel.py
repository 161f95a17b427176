"""A primary behind sentinels as the bus: whoever takes over, however it comes about, nobody misses anything in silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from benchmarks.servers import holding_breath
from server.config import ConfigError, RedisSettings
from server.embedded.ports import LOOPBACK
from server.process.store_checks import require_redis
from server.redis_client.client import open_redis
from tests.server.bus import buses
from tests.server.bus.buses import WITHIN_S, Node, tell_until_heard
from tests.support.sentinels import NAME, PASSWORD, SENTINEL_PASSWORD, Guarded, Server, running_guarded
from tests.support.socket_fixture import until

ANN, TOM = 1, 2


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """For tests that leave it as it is."""
    async with running_guarded(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Guarded]:
    """For a test that breaks it."""
    async with running_guarded(tmp_path) as running:
        yield running


@asynccontextmanager
async def joined(url: str, *, timeout_s: float = 10) -> AsyncIterator[list[Node]]:
    """Two nodes, each with Ann and Tom."""
    async with buses.joined(url, timeout_s=timeout_s) as nodes:
        for node in nodes:
            await node.hold(ANN, TOM)
            node.gaps.clear()
        yield nodes


async def refusal_of(url: str) -> str:
    with pytest.raises(ConfigError, match=r"^redis\.url: ") as refusal:
        await require_redis(RedisSettings(url=url, timeout_s=6))
    text = str(refusal.value)
    assert not any(secret in text for secret in (PASSWORD, quote(PASSWORD), SENTINEL_PASSWORD))
    return text


async def test_what_is_told_on_one_node_is_heard_on_the_other_once_and_in_order_by_way_of_the_primary(
    guarded: Guarded,
) -> None:
    async with joined(guarded.url) as (first, second):
        for n in range(20):
            first.bus.publish("/chat", str(n), [ANN])
            second.bus.publish("/chat", str(n), [TOM])
        await until(lambda: len(second.heard_by(ANN)) >= 20 and len(first.heard_by(TOM)) >= 20)
        assert second.heard_by(ANN) == first.heard_by(TOM) == [str(n) for n in range(20)]
        assert await channels(guarded.primary)
        assert not await channels(guarded.replica)


async def test_when_the_primary_dies_everybody_is_told_to_sync_and_all_goes_on_with_its_replica(fresh: Guarded) -> None:
    async with joined(fresh.url) as (first, second):
        await fresh.primary.kill()
        await fresh.watch_closely()
        await until(lambda: None in first.gaps and None in second.gaps)
        await tell_until_heard(first, second, ANN)
        await tell_until_heard(second, first, TOM)
        await until(lambda: first.bus.is_up and second.bus.is_up)
        assert await channels(fresh.replica)


async def test_a_primary_that_fell_silent_is_left_when_another_took_over_however_long_answers_are_waited_for(
    fresh: Guarded,
) -> None:
    async with joined(fresh.url, timeout_s=4 * WITHIN_S) as (first, second):
        assert fresh.primary.process is not None
        with holding_breath(fresh.primary.process.pid):
            await fresh.watch_closely()
            await until(lambda: None in first.gaps and None in second.gaps)
            await tell_until_heard(first, second, ANN)
            await tell_until_heard(second, first, TOM)


async def test_a_primary_that_is_replaced_while_it_lives_keeps_nobody_though_it_does_not_know_yet(
    fresh: Guarded,
) -> None:
    for sentinel in fresh.sentinels:  # they tell it that it is a replica now four such periods later
        await sentinel.redis.execute_command("SENTINEL DEBUG", "PUBLISH-PERIOD", 600_000)
    async with joined(fresh.url) as (first, second):
        for node in (first, second):  # none will need a new connection, for which the sentinels are asked
            await asyncio.gather(*(node.redis.ping() for _ in range(8)))
        await fresh.replace()
        await until(lambda: None in first.gaps and None in second.gaps)
        await tell_until_heard(first, second, ANN)
        await tell_until_heard(second, first, TOM)
        assert (await fresh.primary.about())["role"] == "master"
        assert not await channels(fresh.primary)
        assert await channels(fresh.replica)


async def test_a_sentinel_that_missed_that_another_took_over_is_not_believed(fresh: Guarded) -> None:
    behind, other = fresh.sentinels[:2]
    for sentinel in fresh.sentinels:
        await sentinel.redis.execute_command("SENTINEL DEBUG", "PUBLISH-PERIOD", 600_000)
    await fresh.replace()

    async def knows_who_took_over() -> bool:
        return bool((await other.redis.sentinel_master(NAME))["port"] == fresh.replica.port)

    await until(knows_who_took_over)
    await behind.redis.execute_command("SENTINEL REMOVE", NAME)
    await behind.redis.execute_command("SENTINEL MONITOR", NAME, LOOPBACK, fresh.primary.port, 3)
    for _ in range(10):
        async with aclosing(await open_redis(fresh.url_of([behind.port, other.port]), timeout_s=10)) as redis:
            assert (await redis.info("server"))["tcp_port"] == fresh.replica.port


async def test_a_node_starts_while_one_sentinel_is_silent_and_does_not_wait_for_it(guarded: Guarded) -> None:
    silent = guarded.sentinels[0].process
    assert silent is not None
    with holding_breath(silent.pid):
        async with asyncio.timeout(WITHIN_S):
            await require_redis(RedisSettings(url=guarded.url, timeout_s=4 * WITHIN_S))


async def test_a_node_starts_with_the_word_of_one_sentinel_where_the_others_are_away(
    guarded: Guarded, silent_port: int, closed_port: int
) -> None:
    ports = [closed_port, silent_port, guarded.sentinels[0].port]
    assert await require_redis(RedisSettings(url=guarded.url_of(ports), timeout_s=6))


async def test_a_start_without_any_sentinel_names_them_and_why(
    guarded: Guarded, silent_port: int, closed_port: int
) -> None:
    text = await refusal_of(guarded.url_of([closed_port, silent_port]))
    assert f"{LOOPBACK}:{closed_port} (Error" in text
    assert f"{LOOPBACK}:{silent_port} (silent)" in text


async def test_sentinels_that_refuse_a_password_or_do_not_know_the_name_are_told_so(guarded: Guarded) -> None:
    ports = [sentinel.port for sentinel in guarded.sentinels]
    assert f"{LOOPBACK}:{ports[0]} (invalid username-password" in await refusal_of(
        guarded.url_of(ports, password="another")
    )
    assert f"{LOOPBACK}:{ports[0]} (knows no 'other')" in await refusal_of(guarded.url_of(ports, name="other"))


async def test_a_named_server_that_is_silent_or_no_primary_is_not_connected_to_and_named(
    guarded: Guarded, silent_port: int
) -> None:
    sentinel = guarded.sentinels[0]
    for port, problem in ((silent_port, "is silent"), (guarded.replica.port, "is no primary")):
        await sentinel.redis.execute_command("SENTINEL MONITOR", "wrong", LOOPBACK, port, 3)
        try:
            text = await refusal_of(guarded.url_of([sentinel.port], name="wrong"))
        finally:
            await sentinel.redis.execute_command("SENTINEL REMOVE", "wrong")
        assert f"{LOOPBACK}:{port}" in text
        assert problem in text


async def test_nothing_looks_at_the_sentinels_once_the_client_is_closed(guarded: Guarded) -> None:
    before = asyncio.all_tasks()
    redis = await open_redis(guarded.url, timeout_s=2)
    assert asyncio.all_tasks() != before
    await redis.aclose()
    assert asyncio.all_tasks() == before


async def channels(server: Server) -> list[bytes]:
    """What somebody, who is no sentinel, listens to there."""
    found: list[bytes] = await server.redis.pubsub_channels("parley:*")
    return found
