"""The channels that this node subscribes to on one Redis server, over one connection; all are subscribed to again after a break.

One connection brings the messages of all channels in the order in which Redis got them, so what one node publishes arrives in its
order, whichever channels it uses. Subscribing takes a moment: `confirmed` waits for Redis' answer. For callers that cannot wait,
`on_late` follows when it has come, because messages may have been missed until then.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

AT_ONCE = 500  # channels of one command
RETRY_S = 0.5
CONFIRMED_WITHIN_S = 2.0  # longer than Redis takes; after that the accounts concerned sync when it has
PING_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class SubscriptionCallbacks:
    """Functions that the subscriptions call.

    `on_message`: a channel and what was published on it.
    `on_late`: messages may have gone past on this channel until Redis confirmed it.
    `on_back`: everything is subscribed to again after a break.
    `on_break`: the connection to Redis broke with this error.
    `on_taken_back`: Redis has ended the subscription to this channel, because a cluster moved it.
    """

    on_message: Callable[[str, bytes], None]
    on_late: Callable[[str], None]
    on_back: Callable[[], None]
    on_break: Callable[[Exception], None]
    on_taken_back: Callable[[str], None]


class Subscriptions:
    """The channels, and which of them Redis has confirmed. Only `flush` sends commands, and `listen` after a break."""

    def __init__(
        self,
        redis: Redis,
        work: asyncio.Event,
        marker: Callable[[], str],
        callbacks: SubscriptionCallbacks,
        *,
        is_sharded: bool = False,
    ) -> None:
        """`work` is set when `flush` has something to do; `marker` names a new channel for each connection, subscribed to as well.

        `is_sharded`: the channels are those of one shard of a cluster.
        """
        self.is_up = False
        self._is_closing = False
        self.messages_read = 0
        self.marker = ""
        self._redis = redis
        self._work = work
        self._on_message = callbacks.on_message
        self._callbacks = callbacks
        self._make_marker = marker
        self._is_sharded = is_sharded
        self._connections = 0
        self._first: set[str] = set()
        self._desired: set[str] = set()
        self._confirmed: set[str] = set()
        self._wanted: deque[tuple[bool, str]] = deque()
        self._unconfirmed: dict[str, int] = {}  # subscriptions that Redis has not confirmed
        self._waiters: dict[str, asyncio.Future[None]] = {}
        self._leaving: dict[str, int] = {}  # ends of subscriptions that Redis has not confirmed
        self._late: set[str] = set()  # `on_late` is to follow when they are confirmed
        self._pubsub: PubSub | None = None
        self._is_broken = False
        self._is_first = True

    def add_first(self, channel: str) -> None:
        """Subscribe to a channel before `listen`, when nothing can have been missed."""
        self._first.add(channel)
        self._desired.add(channel)

    def add(self, channel: str) -> None:
        """Subscribe to one more channel, which must not be subscribed to already."""
        self._desired.add(channel)
        self._unconfirmed[channel] = self._unconfirmed.get(channel, 0) + 1
        self._want(subscribe=True, channel=channel)

    def remove(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        if channel in self._desired:
            self._drop(channel)
            self._want(subscribe=False, channel=channel)

    def forget(self, channel: str) -> None:
        """Drop a channel that is on another server now, without a command, which Redis would refuse."""
        self._drop(channel)
        self._wanted = deque(want for want in self._wanted if want[1] != channel)
        self._unconfirmed.pop(channel, None)
        self._wake(channel)

    def is_confirmed(self, channel: str) -> bool:
        """Whether Redis has confirmed the channel, and no later command ends it."""
        return channel in self._confirmed

    def tell_when_late(self, channel: str) -> None:
        """Call `on_late` when Redis confirms the channel, because messages may be missed until then. Does nothing if it has already."""
        if channel in self._desired and channel not in self._confirmed:
            self._late.add(channel)

    async def confirmed(self, channels: Collection[str]) -> None:
        """Return when Redis has confirmed all of these, or at once while it is away; then `on_late` follows when it has."""
        if not self.is_up:
            # `on_back` may come before a channel is confirmed that is asked for by then.
            self._late.update(channel for channel in channels if channel in self._unconfirmed)
            return
        waiters = {channel: self._waiter(channel) for channel in channels if channel in self._unconfirmed}
        if not waiters:
            return
        await asyncio.wait(waiters.values(), timeout=CONFIRMED_WITHIN_S)
        self._late.update(channel for channel, waiter in waiters.items() if not waiter.done())

    def stop(self) -> None:
        """Open no other connection."""
        self._is_closing = True

    async def flush(self) -> None:
        """Send the commands that wait. Never raises: if it fails, the next connection subscribes to everything."""
        while self._wanted and self.is_up and (pubsub := self._pubsub) is not None:
            subscribe = self._wanted[0][0]
            channels: list[str] = []
            while self._wanted and self._wanted[0][0] == subscribe and len(channels) < AT_ONCE:
                channels.append(self._wanted.popleft()[1])
            try:
                await self._ask(pubsub, channels, subscribe=subscribe)
            except Exception as error:  # noqa: BLE001 (the driver has others, too, for a connection that is closed meanwhile)
                log.info("subscribing failed: %s", type(error).__name__)
                self._is_broken = self._is_broken or pubsub is self._pubsub
                return

    async def listen(self) -> None:
        """Subscribe and read messages until cancelled, on one connection after the other."""
        while not self._is_closing:
            self._pubsub = pubsub = self._redis.pubsub()
            try:
                await self._subscribe_all(pubsub)
                await self._read_messages(pubsub)
            except Exception as error:
                if not isinstance(error, RedisError | OSError):
                    log.exception("listening failed")
                self._broke(error)
            finally:
                self._pubsub = None
                await _close(pubsub)
            await asyncio.sleep(RETRY_S)

    def _want(self, *, subscribe: bool, channel: str) -> None:
        self._wanted.append((subscribe, channel))
        self._work.set()

    async def _ask(self, pubsub: PubSub, channels: Collection[str], *, subscribe: bool) -> None:
        if not subscribe:
            for channel in channels:
                self._leaving[channel] = self._leaving.get(channel, 0) + 1
        if not self._is_sharded:
            await (pubsub.subscribe if subscribe else pubsub.unsubscribe)(*channels)
            return
        for channel in channels:  # those of one command would have to share a slot; 44 microseconds each
            if pubsub is not self._pubsub:
                return  # closed meanwhile: it would open a connection that nobody reads
            await (pubsub.ssubscribe if subscribe else pubsub.sunsubscribe)(channel)

    def _drop(self, channel: str) -> None:
        self._desired.discard(channel)
        self._confirmed.discard(channel)
        self._late.discard(channel)

    def _waiter(self, channel: str) -> asyncio.Future[None]:
        return self._waiters.setdefault(channel, asyncio.get_running_loop().create_future())

    async def _subscribe_all(self, pubsub: PubSub) -> None:
        self._connections += 1
        self.marker = self._make_marker()
        self._wanted.clear()
        self._leaving.clear()
        self._confirmed.clear()
        self._late.clear()  # what is subscribed now is back with the marker
        self._is_broken = False
        # Nothing can have been missed before the first subscription.
        self._is_first = self._connections == 1 and self._desired <= self._first
        # In the order of one command: once the marker is confirmed, everything is.
        self._unconfirmed = dict.fromkeys([*self._desired, self.marker], 1)
        await self._ask(pubsub, list(self._unconfirmed), subscribe=True)  # others may come meanwhile
        self.is_up = True
        self._work.set()

    async def _read_messages(self, pubsub: PubSub) -> None:
        """Read messages until the connection breaks, or no longer answers a ping."""
        is_asked = False
        while not self._is_closing:
            message = await pubsub.get_message(timeout=PING_AFTER_S)
            if self._is_broken or (message is None and is_asked):
                raise RedisConnectionError("broken or silent")
            is_asked = message is None
            if is_asked:
                await pubsub.ping()
            elif message["type"] in ("message", "smessage"):
                self.messages_read += 1
                self._on_message(message["channel"].decode(), message["data"])
            elif message["type"] in ("subscribe", "ssubscribe"):
                self._confirm(message["channel"].decode())
            elif message["type"] in ("unsubscribe", "sunsubscribe"):
                self._end(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        """Redis has confirmed one subscription; of several to a channel the last one counts."""
        still = self._unconfirmed.pop(channel, 0) - 1
        if still > 0:
            self._unconfirmed[channel] = still
            return
        if channel in self._desired:
            self._confirmed.add(channel)
        self._wake(channel)
        if channel == self.marker:
            if not self._is_first:
                self._callbacks.on_back()
        elif channel in self._late:
            self._late.discard(channel)
            self._callbacks.on_late(channel)

    def _end(self, channel: str) -> None:
        """A subscription has ended, on request or because a cluster has moved the channel."""
        still = self._leaving.pop(channel, 0) - 1
        if still > 0:
            self._leaving[channel] = still
        elif channel == self.marker:
            raise RedisConnectionError("moved")
        elif still < 0 and channel in self._desired:
            self.forget(channel)
            self._callbacks.on_taken_back(channel)

    def _wake(self, channel: str) -> None:
        waiter = self._waiters.pop(channel, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _broke(self, error: Exception) -> None:
        was_up, self.is_up = self.is_up, False
        self._confirmed.clear()
        for waiter in self._waiters.values():
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
        if was_up:
            self._callbacks.on_break(error)


async def _close(pubsub: PubSub) -> None:
    try:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 (it is given up, whatever became of it)
        log.debug("the bus was away when its subscription was closed")
