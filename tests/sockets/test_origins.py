"""The list of origins holds for REST and for the sockets alike."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Node, running_node, settings_for
from tests.support.raw import QUERY, frames, request

OURS, FOREIGN = "https://app.example.org", "https://evil.example.net"


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path_factory.mktemp("node"), http={"cors_origins": [OURS]})
    async with running_node(stores, settings) as running:
        yield running


async def test_a_listed_origin_is_let_in(node: Node) -> None:
    headers = f"Origin: {OURS}\r\n"
    for path in (QUERY + "polling", "/api/"):
        status, shown, _ = await request(node.url, "GET", path, headers=headers)
        assert status in (200, 401)
        assert shown["access-control-allow-origin"] == OURS
        assert shown["access-control-allow-credentials"] == "true"
    async with frames(node.url, headers=headers):
        pass


async def test_a_foreign_origin_is_not(node: Node) -> None:
    for origin in (FOREIGN, OURS + ".example.net", OURS.replace("https", "http"), "null"):
        headers = f"Origin: {origin}\r\n"
        for path in (QUERY + "polling", "/api/"):
            _, shown, _ = await request(node.url, "GET", path, headers=headers)
            assert "access-control-allow-origin" not in shown
        assert (await request(node.url, "GET", QUERY + "polling", headers=headers))[0] == 403
        with pytest.raises(AssertionError, match="403"):
            async with frames(node.url, headers=headers):
                pass


async def test_a_page_of_the_node_itself_is_let_in(node: Node) -> None:
    """A browser sends the origin of its page with every WebSocket, also with ours."""
    async with frames(node.url, headers=f"Origin: {node.url}\r\n"):
        pass


async def test_who_is_no_browser_is_let_in(node: Node) -> None:
    async with frames(node.url):
        pass


@pytest.mark.parametrize("path", [QUERY + "polling", "/api/contacts/"])
async def test_a_browser_may_ask_before(node: Node, path: str) -> None:
    asked = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n"
    _, shown, _ = await request(node.url, "OPTIONS", path, headers=f"Origin: {OURS}\r\n{asked}")
    assert shown["access-control-allow-origin"] == OURS
    assert "POST" in shown["access-control-allow-methods"]
    _, shown, _ = await request(node.url, "OPTIONS", path, headers=f"Origin: {FOREIGN}\r\n{asked}")
    assert "access-control-allow-origin" not in shown


async def test_without_a_list_every_origin_is_let_in(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        for path in (QUERY + "polling", "/api/"):
            _, shown, _ = await request(node.url, "GET", path, headers=f"Origin: {FOREIGN}\r\n")
            assert shown["access-control-allow-origin"] in (FOREIGN, "*")
            assert "access-control-allow-credentials" not in shown
        async with frames(node.url, headers=f"Origin: {FOREIGN}\r\n"):
            pass
