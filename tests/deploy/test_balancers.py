"""Three nodes behind HAProxy, and behind nginx, both sending each request to the next node."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from benchmarks.balancers import balancing_by
from server.embedded import EmbeddedStores
from tests.support.javascript_client import install_javascript_client
from tests.support.site import TRANSPORTS, Site, assert_each_message_arrives_once, three_nodes

MESSAGES = 30


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
async def site(
    request: pytest.FixtureRequest, stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp(request.param)
    async with AsyncExitStack() as stack:
        nodes, ann, tom = await three_nodes(stack, stores, folder)
        try:
            url = await stack.enter_async_context(balancing_by(request.param, folder, [node.url for node in nodes]))
        except LookupError as missing:
            pytest.skip(str(missing))
        yield Site(url, nodes, ann, tom)


@pytest.fixture(scope="session")
async def modules() -> Path:
    return await install_javascript_client()


@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_the_javascript_client_neither_loses_nor_doubles_a_message(
    site: Site, modules: Path, transports: tuple[str, ...]
) -> None:
    await assert_each_message_arrives_once(site, modules, transports, MESSAGES)


async def test_a_file_larger_than_any_body_gets_through(site: Site) -> None:
    form = aiohttp.FormData({"contact": site.tom.number})
    form.add_field("filename", BytesIO(b"\0" * (2 << 20)), filename="film.mp4", content_type="video/mp4")
    status, sent = await site.anywhere.rest("POST", "/api/messages/send-video/", site.ann, data=form)
    assert status in (200, 201), sent


async def test_a_node_that_is_gone_is_not_asked(site: Site) -> None:
    await site.nodes[2].go()
    for _ in range(9):
        status, _ = await site.anywhere.rest("GET", "/api/contacts/", site.ann)
        assert status == 200
