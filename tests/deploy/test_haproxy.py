"""Where HAProxy sends people when no node is ready, and what it says by itself when none lives."""

import asyncio
from pathlib import Path

import pytest

from tests.deploy.scripted import REFUSED, Scripted, site_of
from tests.support import raw

LOOKS = 4  # HAProxy believes two


@pytest.mark.parametrize("path", [raw.QUERY + "polling", "/api/account/nickname/"], ids=["a handshake", "REST"])
async def test_who_comes_while_no_node_is_ready_is_served_by_those_that_live(tmp_path: Path, path: str) -> None:
    nodes = [Scripted(ready=REFUSED) for _ in range(3)]
    async with site_of("haproxy", tmp_path, *nodes) as url, asyncio.timeout(30):
        while min(node.looks for node in nodes) < LOOKS:  # noqa: ASYNC110 (nothing says when it has looked)
            await asyncio.sleep(0.05)
        assert [(await raw.request(url, "GET", path))[0] for _ in range(9)] == [200] * 9


async def test_nobody_is_sent_to_a_node_that_is_not_ready_while_another_is(tmp_path: Path) -> None:
    nodes = [Scripted(ready=REFUSED), Scripted(), Scripted(ready=REFUSED)]
    async with site_of("haproxy", tmp_path, *nodes) as url, asyncio.timeout(30):
        while min(node.looks for node in nodes) < LOOKS:  # noqa: ASYNC110 (nothing says when it has looked)
            await asyncio.sleep(0.05)
        for node in nodes:
            node.asked.clear()
        for _ in range(9):
            await raw.request(url, "GET", "/api/account/nickname/")
    assert [len(node.asked) for node in nodes] == [0, 9, 0]


async def test_who_comes_while_no_node_lives_is_told_when_to_come_back(tmp_path: Path) -> None:
    nodes = [Scripted() for _ in range(3)]
    async with site_of("haproxy", tmp_path, *nodes) as url, asyncio.timeout(30):
        for node in nodes:
            node.ready = node.alive = REFUSED
        status = 200
        while status == 200:  # until it has looked
            status, told, _ = await raw.request(url, "GET", raw.QUERY + "polling")
    assert (status, told["retry-after"], told["content-type"]) == (503, "1", "application/json")
