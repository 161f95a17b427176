"""A node that has another secret, or another time, than the others is not ready, and says so with another node's address."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from benchmarks.servers import Server, running_server
from server.embedded import EmbeddedStores
from tests.support.processes import Cluster, running_cluster

SHIFTED = "import time\ntime_of_day = time.time\ntime.time = lambda: time_of_day() + {by_s}\n"


async def readiness(http: aiohttp.ClientSession, node: Server) -> tuple[int, dict[str, object]]:
    async with http.get(f"{node.url}/readyz") as answer:
        return answer.status, await answer.json()


def list_lines(node: Server) -> list[str]:
    """The warnings of a node, as its operator reads them."""
    lines = [json.loads(line) for line in node.log_path.read_text("utf-8").splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["level"] == "warning"]


async def until_so(is_so: Callable[[], bool], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.05)


async def until_ready(http: aiohttp.ClientSession, node: Server) -> None:
    async with asyncio.timeout(30):
        while (await readiness(http, node))[0] != 200:  # noqa: ASYNC110 (a page tells nobody)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def beside(cluster: Cluster, folder: Path, **settings: str) -> AsyncIterator[Server]:
    """One more node over the same stores, once it answers; it need not be ready."""
    first = cluster.nodes[0]
    node = Server(folder, first.mongodb_url, first.redis_url, {**first.settings, **settings})
    async with AsyncExitStack() as stack:
        node.is_ready = node.is_alive = lambda: is_alive(node)  # type: ignore[method-assign,attr-defined]
        yield await stack.enter_async_context(running_server(node))


async def is_alive(node: Server) -> bool:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{node.url}/healthz") as answer:
            return answer.status == 200
    except OSError:
        return False


async def test_a_node_with_another_secret_is_not_ready_until_it_is_alone(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with running_cluster(stores, tmp_path, 2) as cluster:
        first, second = cluster.nodes
        async with beside(cluster, tmp_path / "late", PARLEY_AUTH__SECRET="another secret, " * 3) as late:
            await until_so(lambda: any("auth.secret" in line for line in list_lines(first)))
            status, parts = await readiness(cluster.http, late)
            assert (status, parts["secret"], parts["clock"]) == (503, False, True)
            assert [(await readiness(cluster.http, node))[0] for node in (first, second)] == [200, 200]
            (line,) = [line for line in list_lines(late) if "auth.secret" in line]
            assert line.startswith("auth.secret: the node at http://127.0.0.1:")
            assert not any("another secret" in line for line in list_lines(late) + list_lines(first))
            for node in (first, second):
                await node.stop()
            await until_ready(cluster.http, late)


async def test_a_node_whose_clock_is_a_minute_off_is_not_ready(stores: EmbeddedStores, tmp_path: Path) -> None:
    (tmp_path / "shifted").mkdir()
    (tmp_path / "shifted" / "sitecustomize.py").write_text(SHIFTED.format(by_s=60))
    async with running_cluster(stores, tmp_path, 1) as cluster:
        (right,) = cluster.nodes
        async with beside(cluster, tmp_path / "late", PYTHONPATH=str(tmp_path / "shifted")) as wrong:
            await until_so(lambda: any(line.startswith("clock: ") for line in list_lines(right)))
            status, parts = await readiness(cluster.http, wrong)
            assert (status, parts["secret"], parts["clock"]) == (503, True, False)
            assert (await readiness(cluster.http, right))[0] == 200
            (line,) = [line for line in list_lines(wrong) if line.startswith("clock: ")]
            assert line.startswith("clock: this machine's is 60 s ahead of that of the node at http://127.0.0.1:")
            await right.stop()
            await until_ready(cluster.http, wrong)
