"""The presence board: which accounts are online on which nodes, kept in Redis and, for this node's people, in memory.

A hash per account holds the nodes on which it is online; a node counts only while its lease lives (bus.py), so what a
crashed node left there means nothing. With Redis away, this node still knows its own people.
"""

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.sockets.bus import Bus

log = logging.getLogger(__name__)


class RedisPresenceBoard:
    """Arrivals and departures of this node's accounts, and the question whether somebody is online anywhere."""

    def __init__(self, redis: Redis, bus: Bus) -> None:
        self._redis = redis
        self._bus = bus
        self._here: set[int] = set()

    async def arrive(self, account_id: int) -> bool:
        """The account is online on this node; whether it was offline everywhere before."""
        was_online = account_id in self._here or await self.is_online(account_id)
        self._here.add(account_id)
        await self._tell("HSET", self._key(account_id), self._bus.node, "1")
        return not was_online

    async def leave(self, account_id: int) -> bool:
        """The account is no longer online on this node; whether it was here and is offline everywhere now."""
        if account_id not in self._here:
            return False
        self._here.discard(account_id)
        await self._tell("HDEL", self._key(account_id), self._bus.node)
        return not await self.is_online(account_id)

    async def is_online(self, account_id: int) -> bool:
        if account_id in self._here:
            return True
        if self._bus.lease.is_alone:
            return False
        try:
            nodes = await self._redis.hkeys(self._key(account_id))
        except (RedisError, OSError) as error:
            log.warning("presence on other nodes is not known: %s", type(error).__name__)
            return False
        return any(_text(node) in self._bus.lease.others for node in nodes)

    def _key(self, account_id: int) -> str:
        return f"{self._bus.prefix}:online:{account_id}"

    async def _tell(self, *command: str) -> None:
        try:
            await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            log.warning("presence is not told to other nodes: %s", type(error).__name__)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
