"""Three nodes behind HAProxy, and behind nginx, both sending each request to the next node."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from server.embedded import EmbeddedStores
from tests.deploy.balancers import balancing_by
from tests.javascript_client import install_javascript_client, javascript_client
from tests.node import NAMESPACES
from tests.test_any_load_balancer import TRANSPORTS, Site, three_nodes

MESSAGES = 30


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
async def site(
    request: pytest.FixtureRequest, stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp(request.param)
    async with AsyncExitStack() as stack:
        nodes, ann, tom = await three_nodes(stack, stores, folder)
        url = await stack.enter_async_context(balancing_by(request.param, folder, [node.url for node in nodes]))
        yield Site(url, nodes, ann, tom)


@pytest.fixture(scope="session")
async def modules() -> Path:
    return await install_javascript_client()


@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_the_javascript_client_neither_loses_nor_doubles_a_message(
    site: Site, modules: Path, transports: tuple[str, ...]
) -> None:
    tom_phone = await site.anywhere.connect(site.tom)
    async with javascript_client(modules, site.url, *transports) as client:
        for namespace in NAMESPACES:
            joined = await client.call("join", namespace=namespace, auth={"token": site.ann.token})
            assert joined == {"connected": True}
        assert await client.call("upgraded" if len(transports) > 1 else "transport") == transports[-1]
        seqs = []
        for number in range(MESSAGES):
            body = {"contact": site.tom.number, "client_id": f"{transports}{number}", "text": f"{number}"}
            seqs.append((await client.ask("message_send", body))["message"]["seq"])
        assert [told["message"]["seq"] for told in await client.expect("message_created", MESSAGES)] == seqs
        assert [told["message"]["seq"] for told in await tom_phone.expect("message_created", MESSAGES)] == seqs


async def test_a_file_larger_than_any_body_gets_through(site: Site) -> None:
    form = aiohttp.FormData({"contact": site.tom.number})
    form.add_field("filename", BytesIO(b"\0" * (2 << 20)), filename="film.mp4", content_type="video/mp4")
    status, sent = await site.anywhere.rest("POST", "/api/messages/send-video/", site.ann, data=form)
    assert status in (200, 201), sent


async def test_a_node_that_is_gone_is_not_asked(site: Site) -> None:
    await site.nodes[2].runner.cleanup()
    for _ in range(9):
        status, _ = await site.anywhere.rest("GET", "/api/contacts/", site.ann)
        assert status == 200
