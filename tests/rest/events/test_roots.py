"""The front page of the events API."""

import pytest

from tests.support.auth_fixture import Node


@pytest.mark.parametrize("path", ["/api/", "/api"])
async def test_it_lists_the_resources_to_whoever_is_signed_in(node: Node, path: str) -> None:
    assert (await node.ask("GET", path))[0] == 401
    token = (await node.sign_in())["auth_token"]
    base = str(node.client.make_url("/api"))
    status, shown = await node.ask("GET", path, token)
    names = ("auth", "events", "notifications", "users")
    assert (status, shown) == (200, {name: f"{base}/{name}" for name in names})
