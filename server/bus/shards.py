"""Maps channels to shards: without a cluster one server carries them all, in a cluster each server those of its slots.

A cluster is asked for its slots every few seconds, and at once when a shard breaks or takes a channel back. A channel that has
moved is subscribed to at its new place, and the accounts concerned sync when that is confirmed. When a server is a primary no longer,
all clients sync: until this was noticed, messages may have been left out there for want of a subscriber (publisher.py).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import count

from models.tasks import BackgroundTasks
from server.bus.shard import Shard
from server.bus.subscriptions import RETRY_S, SubscriptionCallbacks
from server.redis_client.client import RedisClient
from server.redis_client.cluster import Cluster, slot_of, tag_at

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
THE_SERVER = ""  # the address of the only shard, without a cluster


class Shards:
    """All channels of the bus. The shard of `home` carries the messages for every node."""

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
        self._tasks = BackgroundTasks()
        self._looking = BackgroundTasks()
        self._closing: list[asyncio.Task[None]] = []

    @property
    def home(self) -> Shard:
        """Returns the shard of the channel that every node subscribes to."""
        return self._of(self._home)

    @property
    def is_up(self) -> bool:
        """Whether this node can subscribe and publish on every shard."""
        return bool(self._shards) and all(shard.is_up for shard in self._shards.values())

    @property
    def depth(self) -> int:
        """Returns how many messages wait to be published."""
        return sum(len(shard.publisher) for shard in self._shards.values())

    @property
    def messages_read(self) -> int:
        """Returns how many messages this node has received."""
        return self._messages_read_before + sum(shard.subscriptions.messages_read for shard in self._shards.values())

    @property
    def channels(self) -> Collection[str]:
        """Returns the channels that are subscribed to, or about to be, without the shards' markers."""
        return self._channels

    async def open(self) -> None:
        """Start all shards. Raises RedisError and OSError when a cluster does not say where its slots are."""
        if isinstance(self._redis, Cluster):
            self._slots = await self._redis.map_slots()
            self._looking.repeat(
                "bus shards", partial(self._look, self._redis), every_s=LOOK_EVERY_S, wake=self._is_stale
            )
        for address in set(self._slots) or {THE_SERVER}:
            self._add_shard(address)
        self.home.subscriptions.add_first(self._home)
        for shard in self._shards.values():
            shard.open()

    async def close(self) -> bool:
        """Publish what waits, then stop. Returns whether all was published."""
        is_all_sent = all(await asyncio.gather(*(shard.flush_last() for shard in self._shards.values())))
        await self._looking.stop()
        await asyncio.gather(*self._closing)
        await asyncio.gather(*(shard.close() for shard in self._shards.values()))
        return is_all_sent

    async def disconnect(self) -> None:
        """Close the connections, after the last message by `Shard.publish`."""
        for address, shard in self._shards.items():
            if address != THE_SERVER:  # that client belongs to the caller
                await shard.redis.aclose()

    def add(self, channel: str) -> None:
        """Subscribe to one more channel, which must not be subscribed to already."""
        self._channels.add(channel)
        self._of(channel).subscriptions.add(channel)

    def remove(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        self._channels.discard(channel)
        self._of(channel).subscriptions.remove(channel)

    def tell_when_late(self, channel: str) -> None:
        """Call `on_late` when Redis confirms the channel, because messages may be missed until then. Does nothing if it has already."""
        self._of(channel).subscriptions.tell_when_late(channel)

    async def confirmed(self, channels: Collection[str]) -> None:
        """Return when Redis has confirmed all of these and `home`, or at once where it is away; then `on_late` follows when it has."""
        if not self.home.subscriptions.is_confirmed(self._home):
            channels = [*channels, self._home]
        by_shard = self._by_shard(channels)
        if len(by_shard) == 1:
            (shard,) = by_shard
            await shard.subscriptions.confirmed(channels)
        else:
            await asyncio.gather(*(shard.subscriptions.confirmed(some) for shard, some in by_shard.items()))

    def put(self, message: bytes, channels: Sequence[str]) -> None:
        """Publish a message on these channels soon, on each in the order of calls. Does nothing before `open`."""
        if len(self._shards) > 1:
            for shard, some in self._by_shard(channels).items():
                shard.publisher.put(message, some)
        else:
            for shard in self._shards.values():
                shard.publisher.put(message, channels)

    async def list_subscribed(self, channels: Collection[str]) -> set[str]:
        """Returns those of these channels that some node subscribes to. Raises RedisError and OSError."""
        found: set[str] = set()
        for shard, some in self._by_shard(channels).items():
            found |= await shard.list_subscribed(some)
        return found

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

    async def _look(self, cluster: Cluster) -> None:
        self._follow(await cluster.map_slots())
        await asyncio.sleep(RETRY_S)  # while slots move, each of many messages would have it look again

    def _follow(self, slots: Sequence[str]) -> None:
        """Subscribe to every channel at its present place."""
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
            self._closing += [self._tasks.start("bus shard", _close(shard)) for shard in gone]
            self.home.publisher.mark_lost()

    async def _tell_lost(self, shard: Shard) -> None:
        if shard is not self.home:
            self.home.publisher.mark_lost()  # which reports it as soon as it can, while this shard goes on
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
