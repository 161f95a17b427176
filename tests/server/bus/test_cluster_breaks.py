"""What comes between: a cluster that breaks or changes while channels come and go."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio.client import PubSub

from tests.clusters import RedisCluster, running_cluster
from tests.server.bus.test_cluster import PEOPLE, WITHIN_S, joined, tell_until_heard


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisCluster]:
    """For tests that change nothing about it."""
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


async def cut_off(cluster: RedisCluster) -> None:
    """End every connection that listens."""
    for server in cluster.servers:
        await server.redis.client_kill_filter(_type="pubsub")


async def test_who_comes_while_a_node_listens_anew_is_heard_for_and_so_is_everybody_else(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssubscribe, came = PubSub.ssubscribe, asyncio.Event()

    async def with_somebody_coming(self: PubSub, *channels: str, **handlers: Any) -> None:
        await ssubscribe(self, *channels, **handlers)
        if second.bus.channel(early[0]) in channels and not came.is_set():
            came.set()
            await second.hold(*late)

    async with joined(cluster) as (first, second):
        early, late = PEOPLE[:20], PEOPLE[20:]
        await second.hold(*early)
        monkeypatch.setattr(PubSub, "ssubscribe", with_somebody_coming)
        await cut_off(cluster)
        await asyncio.wait_for(came.wait(), WITHIN_S)
        for account_id in PEOPLE:
            await tell_until_heard(first, second, account_id)
