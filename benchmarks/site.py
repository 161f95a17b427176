"""Starts several nodes as child processes over one MongoDB and one Redis, with or without a load balancer: one site."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.balancers import balancing_by
from benchmarks.servers import Server
from server.embedded import EmbeddedStores


@dataclass(frozen=True, slots=True)
class Site:
    """The nodes, and the URL at which clients reach them: the balancer's, or the first node's where there is none."""

    nodes: Sequence[Server]
    url: str

    @property
    def first(self) -> Server:
        """Returns a node whose outbox has the codes that it was asked for."""
        return self.nodes[0]


@asynccontextmanager
async def running_site(
    folder: Path,
    stores: EmbeddedStores,
    *,
    nodes: int = 3,
    balancer: str | None = None,
    settings: Mapping[str, str] | None = None,
    stores_of: Callable[[int], tuple[str, str]] | None = None,
) -> AsyncIterator[Site]:
    """Nodes that are ready, behind "haproxy", "nginx" (both know three nodes) or nothing, until the block ends.

    `stores_of` says at which URLs the n-th node (from 0) finds MongoDB and Redis, where these are not the stores' own.
    """
    servers = []
    for n in range(nodes):
        mongodb_url, redis_url = stores_of(n) if stores_of is not None else (stores.mongodb_url, stores.redis_url)
        servers.append(Server(folder / f"node{n + 1}", mongodb_url, redis_url, settings or {}))
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.kill)
        await asyncio.gather(*(server.start() for server in servers))
        url = servers[0].url
        if balancer is not None:
            url = await stack.enter_async_context(balancing_by(balancer, folder, [server.url for server in servers]))
        yield Site(servers, url)
