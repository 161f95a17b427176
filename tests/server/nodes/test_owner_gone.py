"""A node dies, or stalls, while clients of it poll by way of another: they are told to come back, and soon."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from benchmarks.servers import Server, holding_breath, kill_redis, sign_in
from server.embedded import EmbeddedStores
from tests.support.processes import Cluster, running_cluster
from tests.support.raw import Polling, frames, open_polling, request

SERVICE_RESTART = 1012
UNKNOWN = (400, {"code": 1, "message": "Session ID unknown"})


@pytest.fixture(scope="module")
async def cluster(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("owners")
    async with running_cluster(stores, folder, 3, PARLEY_REDIS__PREFIX=folder.name[:38]) as running:
        yield running


async def session_on(owner: Server, cluster: Cluster) -> Polling:
    """A client of this node that polls by way of the first one; a poll of it hangs once it has heard its greeting."""
    near = cluster.nodes[0]
    session = Polling(near.url, (await open_polling(owner.url)).sid)
    await session.join((await sign_in(cluster.http, near, "4930903001")).token)
    return session


async def ask(session: Polling) -> tuple[int, object]:
    status, _, body = await request(session.url, "GET", session.path)
    return status, json.loads(body)


async def test_no_session_is_unknown_because_redis_forgot_where_its_node_is(
    cluster: Cluster, stores: EmbeddedStores
) -> None:
    session = await session_on(cluster.nodes[1], cluster)
    node = session.sid.partition(".")[0]
    redis = Redis.from_url(stores.redis_url, retry=Retry(NoBackoff(), 0))
    prefix = cluster.nodes[0].settings["PARLEY_REDIS__PREFIX"]
    await kill_redis(stores)
    is_back = False
    async with asyncio.timeout(30):
        while not is_back:
            assert await session.post("3") == 200
            with suppress(RedisError, OSError):
                is_back = bool(await redis.keys(f"{{{prefix}:nodes}}:*:at:{node}"))
    await redis.aclose()


async def test_clients_of_a_node_that_is_killed_are_told_at_once(cluster: Cluster) -> None:
    far = cluster.nodes[1]
    session = await session_on(far, cluster)
    poll = asyncio.create_task(ask(session))
    assert await session.post("3") == 200  # behind which the poll hangs
    await far.kill()
    # Long before its lease has ended: its address is still in Redis.
    async with asyncio.timeout(4):
        assert await poll == UNKNOWN
        assert await ask(session) == UNKNOWN


async def test_clients_of_a_node_that_stalls_are_told_when_its_lease_has_ended(cluster: Cluster) -> None:
    near, far = cluster.nodes[0], cluster.nodes[2]
    session = await session_on(far, cluster)
    with holding_breath(far.pid):
        poll = asyncio.create_task(ask(session))
        assert await asyncio.wait_for(poll, 25) == UNKNOWN  # a client alone would wait for 45 s: until its ping is late
        async with asyncio.timeout(4):
            assert await ask(session) == UNKNOWN
            opened = await open_polling(near.url)
            assert opened.sid != session.sid


async def test_upgraded_clients_of_a_node_that_stalls_are_told_then_too(cluster: Cluster) -> None:
    near, far = cluster.nodes[0], cluster.nodes[2]
    await until_reached(far, by=near)
    session = await session_on(far, cluster)
    async with frames(near.url, sid=session.sid) as client:
        await client.say("2probe")
        assert await client.hear() == "3probe"
        with holding_breath(far.pid):
            assert await asyncio.wait_for(client.ended(), 25) == SERVICE_RESTART


async def until_reached(owner: Server, *, by: Server) -> None:
    """One that stalled before says again where it is, and the other has heard it."""
    session = Polling(by.url, (await open_polling(owner.url)).sid)
    async with asyncio.timeout(30):
        while await session.post("3") != 200:  # noqa: ASYNC110 (nobody announces it)
            await asyncio.sleep(0.1)
