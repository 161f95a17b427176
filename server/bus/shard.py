"""A shard: the part of the bus on one Redis server, which is all of it unless Redis is a cluster.

Subscriptions (subscriptions.py) and messages (publisher.py) are sent by one task, because what is published depends on what is
subscribed to.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.tasks import BackgroundTasks
from server.bus.publisher import Publisher
from server.bus.subscriptions import RETRY_S, SubscriptionCallbacks, Subscriptions

log = logging.getLogger(__name__)

PACE_S = 0.002  # between two commands: messages put meanwhile share one, and half of the cost is the command's
LAST_FLUSH_S = 1.0


class Shard:
    """Publishes and subscribes on one server."""

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
        """`marker` returns a channel of this node's own for each connection.

        `on_recovered`: this server carries out commands again. `tell_lost` tells every node that this shard lost messages.
        `is_sharded`: the channels are those of one shard of a cluster.
        """
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
        self._tasks = BackgroundTasks()

    @property
    def is_up(self) -> bool:
        """Whether this node receives what is published here, and can publish."""
        return self.subscriptions.is_up and not self._has_failed

    def open(self) -> None:
        """Start to subscribe and publish."""
        _ = self._tasks.start("bus listener", self.subscriptions.listen())
        _ = self._tasks.start("bus sender", self._send())

    async def flush_last(self) -> bool:
        """Wait a moment until all is published. Returns whether it is, and all losses have been reported."""
        ends = monotonic() + LAST_FLUSH_S
        while self._has_untold and self.is_up and monotonic() < ends:  # noqa: ASYNC110 (bounded, at the very end)
            await asyncio.sleep(0.01)
        return self.is_up and not self._has_untold

    @property
    def _has_untold(self) -> bool:
        return self.publisher.has_lost or len(self.publisher) > 0

    def stop(self) -> None:
        """Open no other connection, even if a driver swallows a cancellation; `close` ends the rest."""
        self._is_closing = True
        self.subscriptions.stop()

    async def close(self) -> None:
        """Stop subscribing and publishing."""
        self.stop()
        await self._tasks.stop()
        await self.publisher.close()

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish at once, before what waits. Raises RedisError and OSError."""
        await (self.redis.spublish if self._is_sharded else self.redis.publish)(channel, message)

    async def list_subscribed(self, channels: Collection[str]) -> set[str]:
        """Returns those of these channels that some node subscribes to. Raises RedisError and OSError."""
        ask = self.redis.pubsub_shardnumsub if self._is_sharded else self.redis.pubsub_numsub
        return {_text(channel) for channel, listeners in await ask(*channels) if listeners}

    def failed(self, error: Exception) -> None:
        """A command failed: try until one succeeds."""
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
            except Exception as error:
                if not isinstance(
                    error, RedisError | OSError
                ):  # a fault of the driver or of ours must not end this for good
                    log.exception("publishing failed")
                self.publisher.discard()
                self.failed(error)
                await asyncio.sleep(RETRY_S)

    async def _flush(self) -> None:
        has_lost, has_failed = self.publisher.take_loss(), self._has_failed
        if has_failed:
            await self.redis.ping()
        if has_lost:
            # The messages are gone: the other nodes' clients must sync.
            await self._tell_lost(self)
        self._has_failed = False
        if has_failed:
            self._on_recovered()
        await self.publisher.flush()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
