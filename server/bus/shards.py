"""Which shard carries which channel: one server carries them all, and in a cluster each those of its slots.

A cluster is looked at every few seconds, and at once when a shard breaks or takes a channel back. A channel that has moved
is listened to at its new place, and whoever counts on it is told to sync when it is heard there. Where a server has ceased to be
a primary, everybody is: until it was seen, what a node told there may have been left out for want of a listener (publisher.py).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from itertools import count

from redis.exceptions import RedisError

from models.tasks import cancel
from server.bus.shard import Shard
from server.bus.subscriptions import RETRY_S, SubscriptionCallbacks
from server.redis_client.client import RedisClient
from server.redis_client.cluster import Cluster, slot_of, tag_at

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
THE_SERVER = ""  # where all is, without a cluster


class Shards:
    """The bus' channels, wherever they are. The shard of `home` carries what every node must hear."""

    def __init__(
        self,
        redis: RedisClient,
        home: str,
        marker: str,
        *,
        on_message: Callable[[str, bytes], None],
        on_late: Callable[[str], None],
        on_back: Callable[[], None],
        on_break: Callable[[Exception], None],
        on_recovered: Callable[[], None],
        lost_message: Callable[[], bytes | None],
    ) -> None:
        """`home` is a channel that stays subscribed, and so is on each shard one that begins with `marker`.

        `on_recovered`: a shard that had failed carries out commands again. `lost_message` returns the message that tells the other
        nodes that something was not published, or None when there are none. The others: see SubscriptionCallbacks.
        """
        self._callbacks = SubscriptionCallbacks(on_message, on_late, on_back, self._on_shard_break, self._take_back)
        self._on_break, self._on_recovered, self._lost_message = on_break, on_recovered, lost_message
        self._redis = redis
        self._home = home
        self._marker = marker
        self._markers = count(1)
        self._slots: Sequence[str] = ()
        self._shards: dict[str, Shard] = {}
        self._channels: set[str] = {home}
        self._taken_back: set[str] = set()
        self._is_stale = asyncio.Event()
        self._messages_read_before = 0  # by shards that are gone
        self._is_closing = False
        self._looker: asyncio.Task[None] | None = None
        self._closing: list[asyncio.Task[None]] = []

    @property
    def home(self) -> Shard:
        """The shard of what every node must hear."""
        return self._of(self._home)

    @property
    def is_up(self) -> bool:
        """Whether this node hears the others, and they it, on every shard."""
        return bool(self._shards) and all(shard.is_up for shard in self._shards.values())

    @property
    def depth(self) -> int:
        """How many messages wait to be published."""
        return sum(len(shard.publisher) for shard in self._shards.values())

    @property
    def messages_read(self) -> int:
        return self._messages_read_before + sum(shard.subscriptions.messages_read for shard in self._shards.values())

    @property
    def channels(self) -> Collection[str]:
        """What is listened to, or about to be, beside the shards' own."""
        return self._channels

    async def open(self) -> None:
        """Start to listen; raises RedisError and OSError when a cluster cannot be asked for its shards."""
        if isinstance(self._redis, Cluster):
            self._slots = await self._redis.map_slots()
            self._looker = asyncio.create_task(self._keep_looking(self._redis), name="bus shards")
        for address in set(self._slots) or {THE_SERVER}:
            self._add_shard(address)
        self.home.subscriptions.add_first(self._home)
        for shard in self._shards.values():
            shard.open()

    async def close(self) -> bool:
        """Say what is still to be said, then hear and publish no longer; whether all was said."""
        is_all_said = all(await asyncio.gather(*(shard.say_last() for shard in self._shards.values())))
        self._is_closing = True
        await cancel(*([self._looker] if self._looker else ()))
        await asyncio.gather(*self._closing, *(shard.close() for shard in self._shards.values()))
        return is_all_said

    async def disconnect(self) -> None:
        """Nothing more is to be said by hand either."""
        for address, shard in self._shards.items():
            if address != THE_SERVER:  # that client is somebody else's
                await shard.redis.aclose()

    def add(self, channel: str) -> None:
        """Listen to one more channel; it must not be listened to already."""
        self._channels.add(channel)
        self._of(channel).subscriptions.add(channel)

    def remove(self, channel: str) -> None:
        """Listen no longer."""
        self._channels.discard(channel)
        self._of(channel).subscriptions.remove(channel)

    def tell_when_late(self, channel: str) -> None:
        """Messages may go past until Redis confirms the channel: `on_late` follows then. Nothing if it has already."""
        self._of(channel).subscriptions.tell_when_late(channel)

    async def confirmed(self, channels: Collection[str]) -> None:
        """Return when Redis has confirmed all of these; at once where it is away, and `on_late` tells when it has.

        Whoever counts on a channel counts on `home`, too, and another shard may be the faster one.
        """
        if not self.home.subscriptions.is_confirmed(self._home):
            channels = [*channels, self._home]
        by_shard = self._by_shard(channels)
        if len(by_shard) == 1:
            (shard,) = by_shard
            await shard.subscriptions.confirmed(channels)
        else:
            await asyncio.gather(*(shard.subscriptions.confirmed(some) for shard, some in by_shard.items()))

    def put(self, message: bytes, channels: Sequence[str]) -> None:
        """Publish a message on these channels, soon; in the order of calls on each. Nothing before this is open."""
        if len(self._shards) > 1:
            for shard, some in self._by_shard(channels).items():
                shard.publisher.put(message, some)
        else:
            for shard in self._shards.values():
                shard.publisher.put(message, channels)

    async def list_subscribed(self, channels: Collection[str]) -> set[str]:
        """Those of these channels that some node listens to; raises RedisError and OSError."""
        heard: set[str] = set()
        for shard, some in self._by_shard(channels).items():
            heard |= await shard.list_subscribed(some)
        return heard

    def _of(self, channel: str) -> Shard:
        return self._shards[self._slots[slot_of(channel)] if self._slots else THE_SERVER]

    def _by_shard(self, channels: Iterable[str]) -> dict[Shard, list[str]]:
        by_shard: dict[Shard, list[str]] = defaultdict(list)
        for channel in channels:
            by_shard[self._of(channel)].append(channel)
        return by_shard

    def _add_shard(self, address: str) -> Shard:
        def marker() -> str:
            name = f"{self._marker}:{next(self._markers)}"
            return f"{name}:{{{tag_at(address, self._slots)}}}" if self._slots else name

        is_cluster = isinstance(self._redis, Cluster)
        redis = self._redis.server(address) if isinstance(self._redis, Cluster) else self._redis
        shard = self._shards[address] = Shard(
            redis,
            marker,
            self._callbacks,
            on_recovered=self._on_recovered,
            tell_lost=self._tell_lost,
            is_sharded=is_cluster,
        )
        return shard

    async def _keep_looking(self, cluster: Cluster) -> None:
        while not self._is_closing:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._is_stale.wait()
            self._is_stale.clear()
            try:
                self._follow(await cluster.map_slots())
            except (RedisError, OSError) as error:
                log.info("the cluster does not say where its slots are: %s", type(error).__name__)
            await asyncio.sleep(RETRY_S)

    def _follow(self, slots: Sequence[str]) -> None:
        """Listen to every channel where it is now."""
        if slots == self._slots and not self._taken_back:
            return
        places = set(slots)
        new = [self._add_shard(address) for address in places - self._shards.keys()]
        moved = self._taken_back & self._channels
        moved |= {channel for channel in self._channels if slots[slot_of(channel)] != self._slots[slot_of(channel)]}
        for channel in moved:
            self._of(channel).subscriptions.forget(channel)
        self._taken_back.clear()
        self._slots = slots
        for channel in moved:
            subscriptions = self._of(channel).subscriptions
            subscriptions.add(channel)
            subscriptions.tell_when_late(channel)
        for shard in new:
            shard.open()
        gone = [self._shards.pop(address) for address in self._shards.keys() - places]
        for shard in gone:
            shard.stop()
            self._messages_read_before += shard.subscriptions.messages_read
        log.info("%d channels have moved, %d shards came, %d are gone", len(moved), len(new), len(gone))
        if gone:
            self._closing = [task for task in self._closing if not task.done()]
            self._closing += [asyncio.create_task(_close(shard), name="bus shards") for shard in gone]
            self.home.publisher.mark_lost()

    async def _tell_lost(self, shard: Shard) -> None:
        if shard is not self.home:
            self.home.publisher.mark_lost()  # which tells it as soon as it can; nobody else waits for that
        elif (message := self._lost_message()) is not None:
            await shard.publish(self._home, message)

    def _take_back(self, channel: str) -> None:
        self._taken_back.add(channel)
        self._is_stale.set()

    def _on_shard_break(self, error: Exception) -> None:
        self._is_stale.set()
        self._on_break(error)


async def _close(shard: Shard) -> None:
    await shard.close()
    await shard.redis.aclose()
