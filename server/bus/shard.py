"""A shard: what one Redis server carries of the bus, which is all of it unless Redis is a cluster.

What a node listens to there (subscriptions.py) and what it publishes there (publisher.py) meet in one task that sends, because
what is published depends on what is listened to.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.tasks import cancel
from server.bus.publisher import Publisher
from server.bus.subscriptions import RETRY_S, SubscriptionCallbacks, Subscriptions

log = logging.getLogger(__name__)

PACE_S = 0.002  # between two commands to Redis: what comes meanwhile goes by one, and half the cost is the command's
LAST_WORDS_S = 1.0


class Shard:
    """Publishes without waiting, and listens. `tell_lost` sees to it that every node hears that this shard did not tell all."""

    def __init__(
        self,
        redis: Redis,
        marker: Callable[[], str],
        callbacks: SubscriptionCallbacks,
        *,
        on_recovered: Callable[[], None],
        tell_lost: Callable[["Shard"], Awaitable[None]],
        is_sharded: bool,
    ) -> None:
        """`marker`: a channel of this node's own for each connection; `is_sharded`: by a cluster's channels of one shard."""
        work = asyncio.Event()
        self.redis = redis
        self.subscriptions = subscriptions = Subscriptions(redis, work, marker, callbacks, is_sharded=is_sharded)
        self.publisher = Publisher(
            redis, work, lambda: subscriptions.marker, subscriptions.is_confirmed, is_sharded=is_sharded
        )
        self._on_break, self._on_recovered = callbacks.on_break, on_recovered
        self._tell_lost = tell_lost
        self._is_sharded = is_sharded
        self._has_failed = False
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_up(self) -> bool:
        """Whether this node hears what is published here, and can publish."""
        return self.subscriptions.is_up and not self._has_failed

    def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self.subscriptions.listen(), name="bus listener"),
            asyncio.create_task(self._send(), name="bus sender"),
        ]

    async def say_last(self) -> bool:
        """Wait, not for long, until all is published; whether it is, and whoever missed something before was told so."""
        ends = monotonic() + LAST_WORDS_S
        while self._has_untold and self.is_up and monotonic() < ends:  # noqa: ASYNC110 (bounded, at the very end)
            await asyncio.sleep(0.01)
        return self.is_up and not self._has_untold

    @property
    def _has_untold(self) -> bool:
        return self.publisher.has_lost or len(self.publisher) > 0

    def stop(self) -> None:
        """Open no other connection, even where a driver swallows a cancellation; `close` ends the rest."""
        self._is_closing = self.subscriptions.is_closing = True

    async def close(self) -> None:
        """Hear and publish no longer."""
        self.stop()
        await cancel(*self._tasks)
        await self.publisher.close()

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish at once, past what waits; raises RedisError and OSError."""
        await (self.redis.spublish if self._is_sharded else self.redis.publish)(channel, message)

    async def list_subscribed(self, channels: Collection[str]) -> set[str]:
        """Returns those of these channels that some node subscribes to. Raises RedisError and OSError."""
        ask = self.redis.pubsub_shardnumsub if self._is_sharded else self.redis.pubsub_numsub
        return {_text(channel) for channel, listeners in await ask(*channels) if listeners}

    def failed(self, error: Exception) -> None:
        """This Redis did not do what it was asked to; it is asked until it does."""
        if not self._has_failed:
            self._on_break(error)
        self._has_failed = True
        self.publisher.work.set()

    async def _send(self) -> None:
        while not self._is_closing:
            await self.publisher.work.wait()
            self.publisher.work.clear()
            try:
                await self.subscriptions.flush()
                await self._flush()
                await asyncio.sleep(PACE_S)
            except (RedisError, OSError) as error:
                self.publisher.discard()
                self.failed(error)
                await asyncio.sleep(RETRY_S)

    async def _flush(self) -> None:
        has_lost, has_failed = self.publisher.has_lost, self._has_failed
        self.publisher.has_lost = False  # before it is told: what is lost meanwhile is told the next time
        if has_failed:
            await self.redis.ping()
        if has_lost:
            # What was not sent is gone: the other nodes' clients must ask for it.
            await self._tell_lost(self)
        self._has_failed = False
        if has_failed:
            self._on_recovered()
        await self.publisher.flush()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
