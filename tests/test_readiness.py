"""/readyz answers at once, whatever is away: a balancer that asks each second does not wait for it."""

import asyncio
from pathlib import Path
from time import monotonic

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Node, running_node, settings_for
from tests.support.socket_fixture import until
from tests.support.stores import stopped

LOOKS_WITHIN_S = 0.5  # half of what deploy/haproxy.cfg waits


async def ask(node: Node) -> tuple[int, bool, float]:
    """Status, whether the database is there, and how long the answer took."""
    began = monotonic()
    async with node.http.get(f"{node.url}/readyz") as answer:
        return answer.status, (await answer.json())["database"], monotonic() - began


async def read(node: Node, name: str) -> float:
    async with node.http.get(f"{node.url}/metrics") as answer:
        return float(
            next(line.split()[1] for line in (await answer.text()).splitlines() if line.startswith(name + " "))
        )


async def test_it_answers_at_once_while_mongodb_is_silent(
    stores: EmbeddedStores, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        assert (await ask(node))[:2] == (200, True)
        async with stopped(stores):
            took = []
            async with asyncio.timeout(30):
                while True:
                    status, has_database, took_s = await ask(node)
                    took.append(took_s)
                    if status == 503:
                        break
                    await asyncio.sleep(0.1)
            assert not has_database
            await until(lambda: "MongoDB is away" in caplog.text)
            assert max(took) < LOOKS_WITHIN_S
            assert await read(node, "parley_database_up") == await read(node, "parley_ready") == 0
        async with asyncio.timeout(30):
            while (await ask(node))[0] != 200:  # noqa: ASYNC110 (a page tells nobody)
                await asyncio.sleep(0.1)
        assert await read(node, "parley_database_up") == await read(node, "parley_ready") == 1
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("MongoDB is ")]
    assert [line[:15] for line in said] == ["MongoDB is away", "MongoDB is back"]
