"""Behind HAProxy, and behind nginx, a node knows where each request comes from, whatever the client says of it."""

from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from server.embedded import EmbeddedStores
from tests.deploy.scripted import balanced
from tests.support.node import running_node, settings_for

OPERATOR, STRANGER = "127.0.0.2", "127.0.0.3"
LIES = (
    {},
    {"X-Forwarded-For": OPERATOR},
    {"X-Forwarded-For": f"{OPERATOR}, 127.0.0.1"},
    {"Forwarded": f"for={OPERATOR}"},
)


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
async def test_figures_are_for_whom_the_settings_name(name: str, stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, http={"trusted_proxies": ["127.0.0.1"], "metrics_for": [OPERATOR]})
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(running_node(stores, settings))
        url = await stack.enter_async_context(balanced(name, tmp_path, *[node.url] * 3))
        assert [await read_figures(url, OPERATOR, lie) for lie in LIES] == [200] * len(LIES)
        assert [await read_figures(url, STRANGER, lie) for lie in LIES] == [404] * len(LIES)


async def read_figures(url: str, address: str, headers: dict[str, str]) -> int:
    """The status of /metrics for a client at this address of the machine."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        http.get(f"{url}/metrics", headers=headers) as answer,
    ):
        return answer.status
