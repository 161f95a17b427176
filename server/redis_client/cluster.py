"""A Redis Cluster: a client for each of its servers, and the map of slots to servers.

The keys of the nodes share one slot, and each shard of the bus must know when its own server breaks (server/bus), so only the way to
a slot is needed here. redis-py's own cluster client hides which connection broke, reports one server's errors as another's, and
leaves connections open when a server dies while it looks for the others (8.1).
"""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from models.tasks import cancel

ASKED = 3  # servers that are asked for the slots at once, so that a silent one costs no time


class Cluster:
    """Makes clients when they are needed, and closes them."""

    def __init__(self, urls: Sequence[str], options: Mapping[str, Any]) -> None:
        """`urls` of some of its servers, which differ only in the address; `options` for redis-py's clients."""
        asked: dict[str, Any] = {**parse_url(urls[0]), **options}
        for of_one in ("db", "host", "port"):  # a cluster has one database
            asked.pop(of_one, None)
        asked["ssl"] = asked.pop("connection_class", None) is SSLConnection
        self._options = asked
        self._named = {_address(parse_url(url)) for url in urls}  # asked too, in case all others vanish
        self._addresses = self._named  # of all known servers, replicas too
        self._servers: dict[str, Redis] = {}
        self._slots: Sequence[str] = ()

    def server(self, address: str) -> Redis:
        """Returns the client of one server."""
        if address not in self._servers:
            host, _, port = address.rpartition(":")
            self._servers[address] = Redis(host=host, port=int(port), **self._options)
        return self._servers[address]

    async def server_of(self, key: str) -> Redis:
        """Returns the client of the server that has a key, as of the last `map_slots`. Raises RedisError and OSError."""
        return self.server((self._slots or await self.map_slots())[slot_of(key)])

    async def map_slots(self) -> Sequence[str]:
        """Returns the address of each slot's primary now. Raises RedisError and OSError when no server answers."""
        asked = random.sample(sorted(self._addresses), k=min(ASKED, len(self._addresses)))
        ranges = await first_answer([self._ask_ranges(address) for address in asked])
        slots, addresses = [""] * REDIS_CLUSTER_HASH_SLOTS, set()
        for first, last, *servers in ranges:
            slots[first : last + 1] = [servers[0]] * (last + 1 - first)
            addresses.update(servers)
        if "" in slots:
            raise RedisConnectionError("nobody serves some slots of the cluster")
        self._addresses = addresses | self._named
        self._slots = slots
        return slots

    async def aclose(self) -> None:
        """Close all connections; the clients can be used again."""
        for redis in self._servers.values():
            await redis.aclose()

    async def _ask_ranges(self, address: str) -> list[tuple[Any, ...]]:
        """Returns (first slot, last slot, address of the primary, addresses of its replicas…) for each range of slots."""
        host = address.rpartition(":")[0]
        answer = await self.server(address).execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
        return [
            (first, last, *(f"{_text(server[0]) or host}:{server[1]}" for server in servers))
            for first, last, *servers in answer
        ]


async def first_answer(questions: Collection[Any], within_s: float | None = None) -> Any:
    """Returns the result of the first of these coroutines to succeed. Raises the last failure, RedisError or OSError."""
    asked = [asyncio.ensure_future(question) for question in questions]
    failure: Exception = TimeoutError("nobody answers")
    try:
        for answer in asyncio.as_completed(asked, timeout=within_s):
            try:
                return await answer
            except (RedisError, OSError) as error:
                failure = error
    finally:
        await cancel(*asked)
    raise failure


def slot_of(name: str) -> int:
    """Returns the slot of a key or a channel."""
    return int(key_slot(name.encode()))


def tag_at(address: str, slots: Sequence[str]) -> str:
    """Returns a hash tag for names whose slot is at this address. Raises RedisError when no slot is there."""
    if address not in slots:
        raise RedisConnectionError(f"no slot is at {address} any more")
    return next(tag for tag in map(str, count()) if slots[slot_of(tag)] == address)


def _address(options: Mapping[str, Any]) -> str:
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
