"""Which node a session is on, and where that node can be reached by the others."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from redis.exceptions import RedisError

from server.bus.names import RedisNames
from server.redis_client.client import RedisClient, server_of

LOOK_EVERY_S = 2.0  # for the address of one node
STAYS_KNOWN_S = 5.0  # a Redis that starts again knows no address until each node has said its own again
SAID_AGAIN_WITHIN_S, LOOK_AGAIN_S = 3.0, 0.1
KNOWN_MAX = 1000  # nodes, the made-up ones of made-up session ids among them

# What listens on every address does so by these families: a socket on `::` takes no connection of IPv4.
_EVERY_ADDRESS = {
    "0.0.0.0": (socket.AF_INET,),  # noqa: S104 (compared with, not bound to)
    "::": (socket.AF_INET6,),
    "": (socket.AF_INET, socket.AF_INET6),
}
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

_SEPARATOR = "."  # stands in no node's name and needs no escape in a URL


def session_id(node: str) -> str:
    """A new unguessable id of an Engine.IO session (120 bits) that names its node."""
    return f"{node}{_SEPARATOR}{secrets.token_urlsafe(15)}"


def node_of(sid: str) -> str:
    """The node that a session id names; empty for what is no id of ours."""
    node, separator, _ = sid.partition(_SEPARATOR)
    return node if separator and node.isascii() and node.isalnum() and len(node) <= 32 else ""


class NodeAddresses:
    """Addresses by node in Redis, each as good as its node's lease (`lease_s`)."""

    def __init__(self, redis: RedisClient, names: RedisNames) -> None:
        self._redis = redis
        self._names = names

    async def keep(self, node: str, url: str, lease_s: float) -> None:
        """This node is reached there; to be said again before the lease ends. Raises RedisError."""
        key = self._key(node)
        await (await server_of(self._redis, key)).set(key, url, px=int(lease_s * 1000))

    async def forget(self, node: str) -> None:
        """This node is going. Raises RedisError."""
        key = self._key(node)
        await (await server_of(self._redis, key)).delete(key)

    async def find(self, node: str) -> str | None:
        """Where a node is reached; None for one that is gone. Raises RedisError."""
        key = self._key(node)
        url = await (await server_of(self._redis, key)).get(key)
        return url.decode() if isinstance(url, bytes) else url

    def _key(self, node: str) -> str:
        return self._names.together(f"at:{node}")


@dataclass(slots=True)
class _Known:
    url: str | None = None
    seen_at: float = 0.0  # when Redis last had it
    looks_at: float = 0.0  # when it is looked for again


class KnownAddresses:
    """The other nodes' addresses as last heard: a Redis that is away, or has just lost everything, hides no living node."""

    def __init__(self, addresses: NodeAddresses, is_alive: Callable[[str], bool]) -> None:
        """`is_alive`: whether a node holds its lease, as far as this one has seen."""
        self._addresses = addresses
        self._is_alive = is_alive
        self._known: dict[str, _Known] = {}

    async def find(self, node: str) -> str | None:
        """Where a node is reached; None for one that is gone, or was never heard of."""
        now = monotonic()
        known = self._known.get(node)
        if known is None:
            self._make_room(now)
            known = self._known[node] = _Known()
        elif now < known.looks_at:
            return known.url
        if known.url is not None:
            known.looks_at = now + LOOK_EVERY_S  # one who looks is enough
        try:
            url = await self._addresses.find(node)
        except (RedisError, OSError):
            if known.url is not None or not self._is_alive(node):
                return known.url
            url = None
        if url is None and known.url is None and self._is_alive(node):
            url = await self._wait_for(node)
        now = monotonic()
        if url is not None:
            known.url, known.seen_at = url, now
        elif now - known.seen_at > STAYS_KNOWN_S:
            known.url = None
        known.looks_at = now + LOOK_EVERY_S
        return known.url

    async def _wait_for(self, node: str) -> str | None:
        """The address of a node that lives, and will say it again in a moment: Redis has lost it, or was started again."""
        ends = monotonic() + SAID_AGAIN_WITHIN_S
        url = None
        while url is None and monotonic() < ends:
            await asyncio.sleep(LOOK_AGAIN_S)
            with suppress(RedisError, OSError):
                url = await self._addresses.find(node)
        return url

    def _make_room(self, now: float) -> None:
        if len(self._known) >= KNOWN_MAX:
            kept = {node: known for node, known in self._known.items() if known.url and now < known.looks_at}
            self._known = kept if len(kept) < KNOWN_MAX else {}


def own_address(host: str) -> str:
    """The address of this machine under which others reach a socket that listens on `host`."""
    families = _EVERY_ADDRESS.get(host)
    if families is None:
        return host
    for family in families:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                # No packet is sent: the kernel only says which of its addresses it would use to reach another network.
                probe.connect((_ELSEWHERE[family], 9))
            except OSError:
                continue
            address: str = probe.getsockname()[0]
            return address
    return _LOOPBACK[families[0]]
