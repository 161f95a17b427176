"""Finds the node of a session, and the address at which other nodes reach it."""

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
STAYS_KNOWN_S = 5.0  # a restarted Redis has no address until each node has written its own again
WRITTEN_AGAIN_WITHIN_S, LOOK_AGAIN_S = 3.0, 0.1
KNOWN_MAX = 1000  # nodes, including those of forged session ids

# Address families of a socket that listens on every address: one on `::` takes no IPv4 connection.
_EVERY_ADDRESS = {
    "0.0.0.0": (socket.AF_INET,),  # noqa: S104 (compared with, not bound to)
    "::": (socket.AF_INET6,),
    "": (socket.AF_INET, socket.AF_INET6),
}
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

_SEPARATOR = "."  # occurs in no node's name, and needs no escape in a URL


def session_id(node: str) -> str:
    """Returns a new Engine.IO session id that names its node and cannot be guessed (120 random bits)."""
    return f"{node}{_SEPARATOR}{secrets.token_urlsafe(15)}"


def node_of(sid: str) -> str:
    """Returns the node that a session id names, or "" if it names none."""
    node, separator, _ = sid.partition(_SEPARATOR)
    return node if separator and node.isascii() and node.isalnum() and len(node) <= 32 else ""


class NodeAddresses:
    """Addresses of nodes in Redis, each valid for a lease (`lease_s`)."""

    def __init__(self, redis: RedisClient, names: RedisNames) -> None:
        self._redis = redis
        self._names = names

    async def keep(self, node: str, url: str, lease_s: float) -> None:
        """Write a node's address, again before each end of the lease. Raises RedisError."""
        key = self._key(node)
        await (await server_of(self._redis, key)).set(key, url, px=int(lease_s * 1000))

    async def forget(self, node: str) -> None:
        """Remove a node's address. Raises RedisError."""
        key = self._key(node)
        await (await server_of(self._redis, key)).delete(key)

    async def find(self, node: str) -> str | None:
        """Returns a node's address, or None if it is gone. Raises RedisError."""
        key = self._key(node)
        url = await (await server_of(self._redis, key)).get(key)
        return url.decode() if isinstance(url, bytes) else url

    def _key(self, node: str) -> str:
        return self._names.together(f"at:{node}")


@dataclass(slots=True)
class _Known:
    url: str | None = None
    seen_at: float = 0.0  # when Redis last had it
    looks_at: float = 0.0  # when Redis is asked again


class KnownAddresses:
    """The other nodes' addresses as last known, so that a Redis that is away, or has lost its data, hides no living node."""

    def __init__(self, addresses: NodeAddresses, is_alive: Callable[[str], bool]) -> None:
        """`is_alive`: whether a node holds its lease, as of this node's last renewal."""
        self._addresses = addresses
        self._is_alive = is_alive
        self._known: dict[str, _Known] = {}

    async def find(self, node: str) -> str | None:
        """Returns a node's address, or None if it is gone or was never known."""
        now = monotonic()
        known = self._known.get(node)
        if known is None:
            self._make_room(now)
            known = self._known[node] = _Known()
        elif now < known.looks_at:
            return known.url
        if known.url is not None:
            known.looks_at = now + LOOK_EVERY_S  # so that other requests do not ask too
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
        """Wait for the address of a living node, which writes it again in a moment: Redis has lost it. Returns None if it does not."""
        ends = monotonic() + WRITTEN_AGAIN_WITHIN_S
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
    """Returns the address of this machine at which others reach a socket that listens on `host`."""
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
