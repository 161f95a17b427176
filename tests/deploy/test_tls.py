"""HAProxy and nginx with the line for TLS that their files have: clients come by https and wss."""

import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import socketio

from server.embedded import EmbeddedStores
from tests.deploy.scripted import balanced
from tests.support.certified import certified
from tests.support.site import three_nodes


# By polling, the client throws answers away before it has read them, perhaps on a busy machine before they are there whole.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize("name", ["haproxy", "nginx"])
async def test_people_write_by_https_and_by_wss(name: str, stores: EmbeddedStores, tmp_path: Path) -> None:
    certified(tmp_path)
    pem = tmp_path / "site.pem"
    pem.write_bytes((tmp_path / "ca.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    async with AsyncExitStack() as stack:
        nodes, ann, tom = await three_nodes(stack, stores, tmp_path)
        url = await stack.enter_async_context(balanced(name, tmp_path, *(node.url for node in nodes), certificate=pem))
        trust = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=pem))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=trust))
        for transport in ("polling", "websocket"):
            client = socketio.AsyncClient(http_session=http, reconnection=False)
            stack.push_async_callback(client.disconnect)
            await client.connect(
                url, namespaces=["/chat"], auth={"token": ann.token}, transports=[transport], wait_timeout=30
            )
            message = {"contact": tom.number, "client_id": transport, "text": "Nobody reads along"}
            assert (await client.call("message_send", message, namespace="/chat", timeout=30))["ok"]
