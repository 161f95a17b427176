"""Any load balancer will do: a session lives on one node, and its requests may reach any (docs/architecture.md, "Promises", 6)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from server.embedded import EmbeddedStores
from server.nodes.internal_server import HEADER
from tests.support.balancer import balancing
from tests.support.javascript_client import install_javascript_client
from tests.support.node import Node, running_node
from tests.support.parts import services_of
from tests.support.site import TRANSPORTS, Site, assert_each_message_arrives_once, three_nodes

by_every_transport = pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
POLL = "/socket.io/?EIO=4&transport=polling"


@asynccontextmanager
async def running_site(stores: EmbeddedStores, folder: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        nodes, ann, tom = await three_nodes(stack, stores, folder)
        url = await stack.enter_async_context(balancing(*(node.url for node in nodes)))
        yield Site(url, nodes, ann, tom)


@pytest.fixture(scope="module")
async def site(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(stores, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
async def modules() -> Path:
    return await install_javascript_client()


async def open_session(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url + POLL) as answer:
        text = await answer.text()
    return text.partition('"sid":"')[2].partition('"')[0]


async def find_door(stores: EmbeddedStores, node: Node) -> str:
    """Where the other nodes reach this one."""
    name = (await open_session(node.http, node.url)).partition(".")[0]
    redis = Redis.from_url(stores.redis_url)
    try:
        url = await redis.get(services_of(node).runtime.bus.names.together(f"at:{name}"))
    finally:
        await redis.aclose()
    assert isinstance(url, bytes)
    return url.decode()


@by_every_transport
async def test_the_javascript_client_neither_loses_nor_doubles_a_message(
    site: Site, modules: Path, transports: tuple[str, ...]
) -> None:
    await assert_each_message_arrives_once(site, modules, transports, 20)


@by_every_transport
async def test_the_python_client_hears_what_is_said_on_another_node(site: Site, transports: tuple[str, ...]) -> None:
    tom_phone = await site.anywhere.connect(site.tom, transports=transports)
    for node in site.nodes:
        ann_phone = await node.connect(site.ann)
        body = {"contact": site.tom.number, "client_id": f"{transports}{node.url}", "text": "Hi"}
        assert (await ann_phone.ask("message_send", body))["ok"]
    await tom_phone.expect("message_created", 3)


class TestStrangers:
    async def test_a_session_of_a_node_that_is_gone_is_unknown_everywhere(
        self, stores: EmbeddedStores, site: Site
    ) -> None:
        async with running_node(stores, site.first.settings) as fourth:
            sid = await open_session(site.first.http, fourth.url)
        for node in site.nodes:
            async with node.http.get(f"{node.url}{POLL}&sid={sid}") as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, 1)

    @pytest.mark.parametrize("sid", ["x", "0123456789abcdef.x", f"{'a' * 33}.x", ".x", "%00.x", "a/b.c"])
    async def test_made_up_sessions_are_unknown(self, site: Site, sid: str) -> None:
        async with site.first.http.get(f"{site.url}{POLL}&sid={sid}") as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 1)

    @pytest.mark.parametrize("proof", ["", "0 00", "99999999999 00", "x"])
    async def test_the_door_for_nodes_answers_nobody_else(self, stores: EmbeddedStores, site: Site, proof: str) -> None:
        door = await find_door(stores, site.first)
        headers = {HEADER: proof} if proof else {}
        async with site.first.http.get(door + POLL, headers=headers) as answer:
            assert answer.status == 403
