"""Two nodes of one site, and two friends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from server.embedded import EmbeddedStores
from server.nodes.address import NodeAddresses
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import services_of
from tests.support.raw import Polling, open_polling
from tests.support.socket_fixture import sign_in_friends


@dataclass
class Pair:
    """`near` is asked, `far` holds the sessions."""

    near: Node
    far: Node
    ann: Person
    tom: Person
    addresses: NodeAddresses

    async def session_far_away(self) -> Polling:
        """Ann's, on the one node, asked for at the other."""
        opened = await open_polling(self.far.url)
        session = Polling(self.near.url, opened.sid)
        await session.join(self.ann.token)
        return session


@pytest.fixture(scope="module")
async def pair(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    settings = settings_for(tmp_path_factory.mktemp("pair"), nodes={"passed_on_max": 2})
    async with AsyncExitStack() as stack:
        near, far = [await stack.enter_async_context(running_node(stores, settings)) for _ in range(2)]
        ann, tom = await sign_in_friends(near)
        redis = Redis.from_url(stores.redis_url)
        stack.push_async_callback(redis.aclose)
        yield Pair(near, far, ann, tom, NodeAddresses(redis, services_of(near).runtime.bus.names))
