"""What HAProxy says by itself."""

import asyncio
from pathlib import Path

from tests import raw
from tests.deploy.scripted import REFUSED, Scripted, site_of


async def test_who_comes_while_no_node_is_ready_is_told_when_to_come_back(tmp_path: Path) -> None:
    nodes = [Scripted(ready=REFUSED) for _ in range(3)]
    async with site_of("haproxy", tmp_path, *nodes) as url, asyncio.timeout(30):
        status = 200
        while status == 200:  # until it has looked
            status, told, _ = await raw.request(url, "GET", raw.QUERY + "polling")
    assert (status, told["retry-after"], told["content-type"]) == (503, "1", "application/json")
