"""Starts a whole site to strike: three nodes behind HAProxy over three MongoDB members and a Redis, each by lines of its own."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.balancers import balancing_by
from benchmarks.links import Link
from benchmarks.replica_set import ReplicaSet, running_replica_set
from benchmarks.servers import Server
from server.config import MongodbSettings
from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port

SHIM = Path(__file__).with_name("node_shim.c")
NODES = 3
CLOCK_BYTES = 8


@dataclass
class StruckNode:
    """One node, its lines to the stores, and the file that says by how much its clock is off."""

    server: Server
    mongodb: Link
    redis: Link
    clock: Path

    def set_clock(self, off_by_s: int) -> None:
        """Let its wall clock be off by so many seconds from now on."""
        with self.clock.open("r+b") as file:
            os.pwrite(file.fileno(), off_by_s.to_bytes(CLOCK_BYTES, "little", signed=True), 0)


@dataclass(frozen=True, slots=True)
class StruckSite:
    """`url` leads to the balancer, or to the first node where there is none."""

    nodes: Sequence[StruckNode]
    mongodb: ReplicaSet
    stores: EmbeddedStores  # its Redis alone
    url: str

    @property
    def doors(self) -> list[str]:
        return [node.server.url for node in self.nodes]


@asynccontextmanager
async def running_struck_site(folder: Path) -> AsyncIterator[StruckSite]:
    """Yields the site once all of it is ready; all processes end with the block."""
    shim = await asyncio.to_thread(_build_shim, folder)
    async with AsyncExitStack() as stack:
        mongodb = await stack.enter_async_context(running_replica_set(folder))
        stores = EmbeddedStores(folder / "redis", mongodb=MongodbSettings(url=mongodb.url), stop_patience_s=0.2)
        await stack.enter_async_context(stores)
        folders = [folder / f"node{n + 1}" for n in range(NODES)]
        nodes = await asyncio.gather(*(_make_node(stack, each, shim, mongodb, stores) for each in folders))
        for node in nodes:
            stack.push_async_callback(node.server.kill)
        await asyncio.gather(*(node.server.start() for node in nodes))
        url = nodes[0].server.url
        if shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin"):
            urls = [node.server.url for node in nodes]
            url = await stack.enter_async_context(balancing_by("haproxy", folder, urls))
        yield StruckSite(nodes, mongodb, stores, url)


async def _make_node(
    stack: AsyncExitStack, folder: Path, shim: Path, mongodb: ReplicaSet, stores: EmbeddedStores
) -> StruckNode:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    first, *others = mongodb.members
    to_mongodb = Link(first.port, others={choose_port(): member.port for member in others})
    ports = {to_port: port for port, to_port in ((to_mongodb.port, first.port), *to_mongodb.others.items())}
    redis = urlsplit(stores.redis_url)
    assert redis.port is not None
    to_redis = Link(redis.port)
    for link in (to_mongodb, to_redis):
        stack.push_async_callback(link.cut)
    await asyncio.gather(to_mongodb.open(), to_redis.open())
    clock = folder / "clock"
    await asyncio.to_thread(clock.write_bytes, bytes(CLOCK_BYTES))
    settings = {
        "LD_PRELOAD": str(shim),
        "NODE_SHIM_PORTS": ",".join(f"{to_port}={port}" for to_port, port in ports.items()),
        "NODE_SHIM_CLOCK": str(clock),
    }
    redis_url = redis._replace(netloc=f"{redis.netloc.rpartition(':')[0]}:{to_redis.port}").geturl()
    return StruckNode(Server(folder, mongodb.url, redis_url, settings), to_mongodb, to_redis, clock)


def _build_shim(folder: Path) -> Path:
    """Compile what is preloaded into the nodes; needs a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("Lines and clocks of single nodes need a C compiler (Debian: gcc).")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "node_shim.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SHIM, "-ldl"], check=True)
    return library
