"""However the settings name the port for other nodes, they find it."""

import socket
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port
from tests.support.node import running_node, settings_for
from tests.support.raw import Polling, open_polling


async def post_by_way_of_another(stores: EmbeddedStores, folder: Path, **sections: dict[str, Any]) -> int:
    """The answer to a client of a node with these settings that posts to another one."""
    settings = settings_for(folder, **sections)
    near = settings.model_copy(update={"nodes": settings_for(folder).nodes})
    async with running_node(stores, settings) as owner, running_node(stores, near) as between:
        session = await open_polling(owner.url)
        return await Polling(between.url, session.sid).post("3")


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", ""])
async def test_by_its_host(stores: EmbeddedStores, tmp_path: Path, host: str) -> None:
    assert await post_by_way_of_another(stores, tmp_path, http={"host": host}) == 200


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
async def test_by_ipv6(stores: EmbeddedStores, tmp_path: Path, host: str) -> None:
    assert await post_by_way_of_another(stores, tmp_path, http={"host": host}) == 200


@pytest.mark.parametrize("end", ["", "/"])
async def test_by_the_url_that_the_others_are_told(stores: EmbeddedStores, tmp_path: Path, end: str) -> None:
    port = choose_port()
    url = f"http://127.0.0.1:{port}{end}"
    assert await post_by_way_of_another(stores, tmp_path, nodes={"port": port, "url": url}) == 200
