"""The bus: what one node tells the others, through Redis pub/sub.

Redis is treated as lossy. A node subscribes to an account's channel while it holds a socket of that account, so it hears
only its own people; encoded packets travel, so nobody encodes again; after any break, overflow or failed publish the nodes
concerned tell their clients to sync. Whoever begins to publish for a node that it did not know says so to it, because what
it published before went past that node's people. Chats of more than `large` members travel on one channel that every node hears.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import asdict
from time import monotonic
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from models.events import AccountChanged, ChatMembersChanged, PresenceChanged, SessionsRevoked, Signal, WentOffline
from models.tasks import cancel
from server.sockets.lease import Lease

log = logging.getLogger(__name__)

WAITING_MAX = (
    50_000  # packets that a slow Redis may leave waiting; beyond it they are dropped and the nodes are told to sync
)
PIPELINE_MAX = 500
RETRY_S = 0.5
CONFIRMED_WITHIN_S = 2.0  # longer than Redis takes to subscribe; who waited in vain is told to sync when it has
PING_AFTER_S = 5.0

_SIGNALS: dict[str, type[Signal]] = {
    kind.__name__: kind for kind in (SessionsRevoked, AccountChanged, ChatMembersChanged, PresenceChanged, WentOffline)
}


class Bus:
    """Publishes without waiting, and listens in one task; a node without others publishes nothing."""

    def __init__(self, redis: Redis, *, large: int = 32, prefix: str = "parley") -> None:
        self.lease = Lease(redis, prefix)
        self.lease.on_met, self.lease.on_gone, self.lease.on_break = self._greet, self._part, self._broke
        self.prefix = prefix  # what all keys and channels start with: installations that share a Redis do not meet
        self._everybody = f"{prefix}:all"
        self._is_closing = False
        self.on_packet: Callable[[str, str, Collection[int]], None] = _ignore
        self.on_signal: Callable[[Signal], None] = _ignore
        self.on_gap: Callable[[], None] = _ignore
        self.is_up = False
        self.breaks = 0
        self._redis = redis
        self._large = large
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._has_lost = False
        self._work = asyncio.Event()
        self._held: dict[int, int] = {}  # account id -> sockets here
        self._wanted: deque[tuple[bool, str]] = deque()
        self._unconfirmed: dict[str, int] = {}  # channel -> subscriptions that Redis has not confirmed
        self._waiters: dict[str, asyncio.Future[None]] = {}  # of those who wait for that, by channel
        self._late: set[str] = set()  # channels for which somebody has waited in vain
        self._pubsub: PubSub | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def node(self) -> str:
        """This node's name."""
        return self.lease.node

    @property
    def depth(self) -> int:
        """How many packets wait to be published."""
        return len(self._waiting)

    async def open(self) -> None:
        """Take the lease and start listening; raises RedisError when Redis cannot be reached."""
        await self.lease.take()
        self._tasks = [
            asyncio.create_task(self._listen(), name="bus listener"),
            asyncio.create_task(self._send(), name="bus sender"),
            asyncio.create_task(self.lease.keep(), name="bus lease"),
        ]
        self._greet()

    async def close(self) -> None:
        """Say what is still to be said, then leave."""
        ends = monotonic() + 1.0
        while self._waiting and self.is_up and monotonic() < ends:  # noqa: ASYNC110 (a bounded wait at the very end)
            await asyncio.sleep(0.01)
        self._is_closing = True
        await cancel(*self._tasks)
        try:
            await self.lease.give_up()
            await self._redis.publish(self._everybody, orjson.dumps(["bye", self.node]))
            if self._pubsub is not None:
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            log.info("the bus was away at the end")

    async def hold(self, account_id: int) -> None:
        """A socket of this account is here. What other nodes tell the account from now on arrives here when this returns.

        With the bus away it returns at once: its return tells everybody here to sync.
        """
        channel = self.channel(account_id)
        self._held[account_id] = self._held.get(account_id, 0) + 1
        if self._held[account_id] == 1:
            self._unconfirmed[channel] = self._unconfirmed.get(channel, 0) + 1
            self._want(subscribe=True, channel=channel)
        if self.is_up and channel in self._unconfirmed:
            waiter = self._waiters.setdefault(channel, asyncio.get_running_loop().create_future())
            _, late = await asyncio.wait([waiter], timeout=CONFIRMED_WITHIN_S)
            if late:
                self._late.add(channel)

    def release(self, account_id: int) -> None:
        """A socket of this account is gone."""
        self._held[account_id] -= 1
        if not self._held[account_id]:
            del self._held[account_id]
            self._want(subscribe=False, channel=self.channel(account_id))

    def publish(self, namespace: str, text: str, to: Collection[int]) -> None:
        """Let the other nodes show a packet to these accounts."""
        if self.lease.is_alone:
            return
        if len(to) > self._large:
            self._put(self._everybody, ["packet", self.node, namespace, text, list(to)])
            return
        envelope = orjson.dumps(["packet", self.node, namespace, text])
        for account_id in to:
            self._put_bytes(self.channel(account_id), envelope)

    def signal(self, signal: Signal) -> None:
        """Let the other nodes hear a signal."""
        if not self.lease.is_alone:
            self._put(self._everybody, ["signal", self.node, type(signal).__name__, asdict(signal)])

    def holds(self, account_id: int) -> bool:
        """Whether a socket of this account is here."""
        return account_id in self._held

    def channel(self, account_id: int) -> str:
        """What a node listens to while it holds a socket of this account."""
        return f"{self.prefix}:a:{account_id}"

    def _greet(self, node: str = "") -> None:
        """Tell a node, or all of them, that this one is here and publishes for it from now on."""
        self._put(self._everybody, ["hello", self.node, node])

    def _put(self, channel: str, message: list[Any]) -> None:
        self._put_bytes(channel, orjson.dumps(message))

    def _put_bytes(self, channel: str, message: bytes) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            self._has_lost = True
        self._waiting.append((channel, message))
        self._work.set()

    def _want(self, *, subscribe: bool, channel: str) -> None:
        self._wanted.append((subscribe, channel))
        self._work.set()

    async def _send(self) -> None:
        while not self._is_closing:
            await self._work.wait()
            self._work.clear()
            try:
                await self._flush()
            except (RedisError, OSError) as error:
                self._broke(error)
                self._waiting.clear()
                self._has_lost = True
                await asyncio.sleep(RETRY_S)
                self._work.set()

    async def _flush(self) -> None:
        if self._has_lost and not self.lease.is_alone:
            # What was not sent is gone: the other nodes' clients must ask for it.
            await self._redis.publish(self._everybody, orjson.dumps(["lost", self.node]))
        self._has_lost = False
        while self._wanted and self._pubsub is not None:
            await self._flush_wanted(self._pubsub)
        while self._waiting:
            pipeline = self._redis.pipeline(transaction=False)
            batch = [self._waiting[i] for i in range(min(len(self._waiting), PIPELINE_MAX))]
            for command in batch:
                pipeline.execute_command("PUBLISH", *command)
            await pipeline.execute()
            for _ in batch:
                if self._waiting:
                    self._waiting.popleft()

    async def _flush_wanted(self, pubsub: PubSub) -> None:
        subscribe = self._wanted[0][0]
        channels: list[str] = []
        while self._wanted and self._wanted[0][0] == subscribe and len(channels) < PIPELINE_MAX:
            channels.append(self._wanted.popleft()[1])
        try:
            await (pubsub.subscribe(*channels) if subscribe else pubsub.unsubscribe(*channels))
        except (RedisError, OSError):
            self._wanted.extendleft((subscribe, channel) for channel in reversed(channels))
            raise

    async def _listen(self) -> None:
        is_first = True
        while not self._is_closing:
            try:
                self._pubsub = self._redis.pubsub()
                self._wanted.clear()
                self._unconfirmed = dict.fromkeys([self._everybody, *map(self.channel, self._held)], 1)
                if not is_first:
                    self._late.add(self._everybody)  # once it is confirmed, all is heard again
                await self._pubsub.subscribe(*self._unconfirmed)
                self.is_up = True
                self._work.set()
                if not is_first:
                    log.info("the bus is back")
                    self._greet()
                is_first = False
                await self._hear_all(self._pubsub)
            except (RedisError, OSError) as error:
                self._broke(error)
            await self._forget_pubsub()
            await asyncio.sleep(RETRY_S)

    async def _hear_all(self, pubsub: PubSub) -> None:
        """Hear until the connection breaks, or answers a ping no longer."""
        is_asked = False
        while not self._is_closing:
            message = await pubsub.get_message(timeout=PING_AFTER_S)
            if message is None and is_asked:
                raise RedisConnectionError("silent")
            is_asked = message is None
            if is_asked:
                await pubsub.ping()
            elif message["type"] == "message":
                self._hear(message["channel"], message["data"])
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        """Redis holds one more subscription; the last one asked for is the one that counts."""
        still = self._unconfirmed.pop(channel, 0) - 1
        if still > 0:
            self._unconfirmed[channel] = still
            return
        waiter = self._waiters.pop(channel, None)
        if waiter is not None:
            waiter.set_result(None)
        if channel in self._late:
            self._late.discard(channel)
            self.on_gap()

    async def _forget_pubsub(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            try:
                await pubsub.aclose()  # type: ignore[no-untyped-call]
            except (RedisError, OSError):
                log.debug("the bus was away when its subscription was closed")

    def _broke(self, error: Exception) -> None:
        if self.is_up:
            self.is_up = False
            self.breaks += 1
            for waiter in self._waiters.values():
                waiter.set_result(None)
            self._waiters.clear()
            log.warning("the bus is away: %s", type(error).__name__)

    def _hear(self, channel: bytes, data: bytes) -> None:
        try:
            kind, node, *rest = orjson.loads(data)
        except ValueError:
            log.warning("the bus brought something that is not ours")
            return
        if node == self.node:
            return
        match kind, rest:
            case "packet", [namespace, text]:
                self.on_packet(namespace, text, (int(channel.rpartition(b":")[2]),))
            case "packet", [namespace, text, to]:
                self.on_packet(namespace, text, set(to))
            case "signal", [name, fields]:
                self.on_signal(_SIGNALS[name](**fields))
            case "hello", [to]:
                self.lease.meet(node)
                if to == self.node:
                    self.on_gap()
            case "bye", _:
                self.lease.forget(node)
            case "lost", _:
                self.on_gap()

    def _part(self, _: Collection[str]) -> None:
        """Nodes left without a word. What they stored last, perhaps they told nobody: clients here must ask for it."""
        self.on_gap()


async def announce(redis: Redis, signal: Signal, prefix: str) -> None:
    """Let every node hear a signal from somebody who is no node: a command at a shell."""
    await redis.publish(f"{prefix}:all", orjson.dumps(["signal", "", type(signal).__name__, asdict(signal)]))


def _ignore(*_: object) -> None:
    """Nobody listens yet."""
