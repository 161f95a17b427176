"""Finds out which accounts have a socket on any node, by asking Redis which channels have subscribers.

A node subscribes to an account's channel while it has a socket of that account (bus.py), in whatever namespace, and its
subscriptions end with it. So nothing has to be kept for this.
"""

import logging
from collections.abc import Collection

from redis.exceptions import RedisError

from server.bus.bus import Bus

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 500


class RedisConnectedAccounts:
    """Implements ConnectedAccounts. While Redis is away, only this node's own sockets are known."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def list_connected(self, account_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that have a socket."""
        connected = {account_id for account_id in account_ids if self._bus.holds(account_id)}
        if self._bus.lease.is_alone:
            return connected
        others = [each for each in account_ids if each not in connected]
        try:
            for first in range(0, len(others), ASKED_AT_ONCE):
                by_channel = {self._bus.channel(each): each for each in others[first : first + ASKED_AT_ONCE]}
                connected |= {by_channel[each] for each in await self._bus.shards.list_subscribed(by_channel)}
        except (RedisError, OSError) as error:
            log.warning("sockets on other nodes are not known: %s", type(error).__name__)
        return connected
