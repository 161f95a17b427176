"""The bus: what one node tells the others, through Redis pub/sub.

Redis is treated as lossy. A node subscribes to an account's channel while it holds a socket of that account, and to a large
chat's channel while it holds a member, so it hears only its own people; encoded packets travel, so nobody encodes again; after
any break, overflow or failed publish the nodes concerned tell their clients to sync. Whoever begins to publish for a node that
it did not know says so to it, because what it published before went past that node's people.

Packets for more than `large` accounts carry the list of them: it decides who may see the packet, whatever the node that hears
it believes. The same list again, which is what a chat in use has, is compared and not read. What is for many who are in no
large chat together, and signals, travel on one channel that every node hears.

    bus.py            what is said, and what is done about it        shards.py          which channel is where
    large_chats.py    which chats its people are in                  shard.py           one Redis server's part of all this:
    audiences.py      lists of accounts behind packets               subscriptions.py   what this node listens to there
                                                                     publisher.py       what it publishes there
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict
from time import monotonic

import orjson
from redis.exceptions import RedisError

from models.facts import (
    AccountChanged,
    ChatMembersChanged,
    EntriesMissed,
    Invalidation,
    PresenceChanged,
    SessionsRevoked,
    WentOffline,
)
from models.tasks import cancel
from server.bus.audiences import Audiences
from server.bus.large_chats import LargeChats, Memberships
from server.bus.lease import Lease
from server.bus.listeners import BusListeners
from server.bus.names import RedisNames
from server.bus.shards import Shards
from server.redis_client.client import RedisClient, server_of
from server.redis_client.cluster import Cluster

log = logging.getLogger(__name__)

TOLD_WITHIN_S = 1.0  # Redis takes a signal within milliseconds, or is in trouble
UNREADABLE_FOR_S = 5.0  # people are told to sync once for all that a node of another version says in this time

_SIGNALS: dict[str, type[Invalidation]] = {
    kind.__name__: kind
    for kind in (SessionsRevoked, AccountChanged, ChatMembersChanged, PresenceChanged, WentOffline, EntriesMissed)
}


class Bus:
    """Publishes without waiting, and listens in one task; a node without others publishes nothing."""

    def __init__(
        self,
        redis: RedisClient,
        listeners: BusListeners,
        list_large_chats: Callable[[Collection[int]], Awaitable[Memberships]],
        *,
        large: int = 32,
        prefix: str = "parley",
        site: str = "",
    ) -> None:
        """`list_large_chats` asks the database; a packet for more than `large` accounts carries the list of them.

        `prefix` and `site`: see RedisNames.
        """
        self.names = names = RedisNames(prefix, site)
        self.lease = Lease(
            redis,
            names,
            on_met=self._on_node_met,
            on_gone=self._on_nodes_gone,
            on_break=self._lease_failed,
            on_lost=self._on_lease_lost,
        )
        self.breaks = 0
        self._listeners = listeners
        self._everybody = _everybody(names)
        self._away_since: float | None = None  # as the log has it
        self._large = large
        self._signalled = 0  # the mark of the last signal that forbids something
        self._held: dict[int, int] = {}  # account id -> sockets here
        self._have_lost: set[str] = set()  # nodes that said so; one that takes its leave after that left things undone
        self._audiences = Audiences()
        self._tasks: list[asyncio.Task[None]] = []
        self._unreadable: set[str] = set()  # channels on which something was
        self._making_up: asyncio.TimerHandle | None = None
        self.shards = Shards(
            redis,
            self._everybody,
            names.own(f"n:{self.node}"),
            on_message=self._on_message,
            on_late=self._on_late,
            on_back=self._on_back,
            on_break=self._on_break,
            on_recovered=self._on_recovered,
            lost_message=self._lost_message,
        )
        self.large_chats = LargeChats(self.shards, names, list_large_chats)

    @property
    def node(self) -> str:
        """This node's name."""
        return self.lease.node

    @property
    def is_up(self) -> bool:
        """Whether this node hears the others, and they it."""
        return self.shards.is_up

    async def open(self) -> None:
        """Take the lease and start listening; raises RedisError when Redis cannot be reached."""
        await self.lease.take()
        await self.shards.open()
        self._tasks = [
            asyncio.create_task(self.lease.keep(), name="bus lease"),
            asyncio.create_task(self.large_chats.keep_learning(), name="bus large chats"),
        ]
        self._say_hello()

    def mark_lost(self) -> None:
        """Something is stored, or may be, that nobody announces: the other nodes are told that they missed something."""
        self.shards.home.publisher.mark_lost()

    async def close(self) -> None:
        """Say what is still to be said, or that it was not, then leave."""
        is_all_said = await self.shards.close()
        if self._making_up is not None:
            self._making_up.cancel()
        await cancel(*self._tasks)
        try:
            await self.lease.give_up()
            if not is_all_said:
                await self.shards.home.publish(self._everybody, orjson.dumps(["lost", self.node]))
            await self.shards.home.publish(self._everybody, orjson.dumps(["bye", self.node]))
        except (RedisError, OSError):
            log.info("the bus was away at the end")
        await self.shards.disconnect()

    async def hold(self, account_id: int) -> None:
        """A socket of this account is here. What other nodes tell the account from now on arrives here when this returns.

        With the bus away, or slow, it returns before that: the account is told to sync when it is so.
        """
        channels = [self.channel(account_id)]
        self._held[account_id] = self._held.get(account_id, 0) + 1
        if self._held[account_id] == 1:
            self.shards.add(channels[0])
            self.large_chats.arrive(account_id)
        if not self.lease.is_alone:
            channels += await self.large_chats.learn(account_id)
        await self.shards.confirmed(channels)

    def release(self, account_id: int) -> None:
        """A socket of this account is gone."""
        self._held[account_id] -= 1
        if not self._held[account_id]:
            del self._held[account_id]
            self.shards.remove(self.channel(account_id))
            self.large_chats.leave(account_id)

    def publish(self, namespace: str, text: str, to: Collection[int], large_chat: int | None = None) -> None:
        """Let the other nodes show a packet to these accounts: members, for a while, of the large chat with this id, if any."""
        if self.lease.is_alone:
            return
        message = orjson.dumps(["packet", self.node, namespace, text])
        if len(to) <= self._large:
            self.shards.put(message, [self.channel(account_id) for account_id in to])
            return
        channel = self._everybody if large_chat is None else self.large_chats.channel(large_chat)
        self.shards.put(self._audiences.add(message, channel, to), [channel])

    def signal(self, signal: Invalidation) -> None:
        """Let the other nodes hear a signal."""
        self._note(signal)
        if not self.lease.is_alone:
            self._say("signal", type(signal).__name__, asdict(signal))
            if not isinstance(signal, PresenceChanged):
                self._signalled = self.shards.home.publisher.mark

    async def signals_sent(self) -> None:
        """Return when Redis has all signals of this node that forbid something, or does not take them, after a moment.

        Who is answered behind this may rely on them, also if this node dies in the next moment. What Redis did not take is told as
        missed, once it is back.
        """
        if not self.is_up:
            return
        done = self.shards.home.publisher.settled(self._signalled)
        if not done.done():
            await asyncio.wait([done], timeout=TOLD_WITHIN_S)

    def holds(self, account_id: int) -> bool:
        """Whether a socket of this account is here."""
        return account_id in self._held

    def channel(self, account_id: int) -> str:
        """What a node listens to while it holds a socket of this account."""
        return self.names.own(f"a:{account_id}")

    def _say(self, kind: str, *rest: object) -> None:
        """To every node."""
        self.shards.put(orjson.dumps([kind, self.node, *rest]), [self._everybody])

    def _say_hello(self, node: str = "") -> None:
        """Tell a node, or all of them, that this one is here and publishes for it from now on."""
        self._say("hello", node)

    def _lost_message(self) -> bytes | None:
        return None if self.lease.is_alone else orjson.dumps(["lost", self.node])

    def _lease_failed(self, error: Exception) -> None:
        """The leases are where everybody listens."""
        self.shards.home.failed(error)

    def _on_break(self, error: Exception) -> None:
        self.breaks += 1
        if self._away_since is None:
            self._away_since = monotonic()
            log.warning("the bus is away: %s", type(error).__name__)

    def _on_back(self) -> None:
        """All is heard again."""
        self._on_recovered()
        self._say_hello()
        self._on_missed()

    def _on_recovered(self) -> None:
        """A part works again; where it was the last one, the log has to end with that."""
        if self._away_since is not None and self.is_up:
            log.warning("the bus is back, after %.1f s", monotonic() - self._away_since)
            self._away_since = None

    def _on_missed(self) -> None:
        """Anything may have gone past this node, signals too."""
        self._listeners.gap(None)
        if not self.lease.is_alone:
            self.large_chats.learn_again()

    def _on_late(self, channel: str) -> None:
        """Messages may have gone past on this channel: Redis confirmed it after somebody had begun to count on it, say."""
        if channel == self._everybody:
            self._on_missed()
            return
        account_or_chat = int(channel.rpartition(":")[2])
        is_account = channel == self.channel(account_or_chat)
        self._listeners.gap([account_or_chat] if is_account else set(self.large_chats.holders(account_or_chat)))

    def _on_message(self, channel: str, data: bytes) -> None:
        try:
            message, to = self._audiences.split(channel, data)
            kind, node, *rest = orjson.loads(message)
            if node != self.node:
                self._take(channel, kind, node, rest, to)
        except Exception:
            if not self._unreadable:
                log.exception("the bus brought what this node cannot read")
            self._on_unreadable(channel)

    def _on_unreadable(self, channel: str) -> None:
        """Something was said there that this node cannot read, perhaps by one of another version: whom it concerns must ask."""
        if not self._unreadable:
            self._making_up = asyncio.get_running_loop().call_later(UNREADABLE_FOR_S, self._make_up)
        self._unreadable.add(channel)

    def _make_up(self) -> None:
        channels, self._unreadable = self._unreadable, set()
        for channel in channels:
            self._on_late(channel)

    def _take(self, channel: str, kind: str, node: str, rest: list[object], to: Collection[int] | None) -> None:
        match kind, rest:
            case "packet", [str(namespace), str(text)]:
                self._listeners.packet(namespace, text, (int(channel.rpartition(":")[2]),) if to is None else to)
            case "signal", [str(name), dict(fields)]:
                signal = _SIGNALS[name](**fields)
                self._note(signal)
                self._listeners.signal(signal)
            case "hello", [to_node]:
                self.lease.meet(node)
                if to_node == self.node:
                    self._on_missed()
            case "bye", _:
                self.lease.forget(node)
                if node in self._have_lost:
                    self._have_lost.discard(node)
                    self._listeners.node_died()
            case "lost", _:
                self._have_lost.add(node)
                self._on_missed()
            case _:
                raise ValueError(f"nodes say {kind!r} with {len(rest)} fields")

    def _note(self, signal: Invalidation) -> None:
        if isinstance(signal, ChatMembersChanged):
            self.large_chats.changed(signal)

    def _on_node_met(self, node: str) -> None:
        """A node that this one did not know. For people who came while this one was alone, nobody has asked yet."""
        self._say_hello(node)
        self.large_chats.learn_again()
        self._listeners.node_met()

    def _on_lease_lost(self) -> None:
        """Whoever gave this node up publishes nothing for it until it hears of it, and says so then."""
        self._say_hello()
        self._listeners.lease_lost()

    def _on_nodes_gone(self, nodes: Collection[str]) -> None:
        """Nodes left without a word. What they stored last, perhaps they told nobody: clients here must ask for it."""
        self._have_lost.difference_update(nodes)
        self._on_missed()
        self._listeners.node_died()


async def announce(redis: RedisClient, signal: Invalidation, prefix: str, site: str = "") -> None:
    """Let every node hear a signal from somebody who is no node: a command at a shell."""
    message = orjson.dumps(["signal", "", type(signal).__name__, asdict(signal)])
    channel = _everybody(RedisNames(prefix, site))
    server = await server_of(redis, channel)
    await (server.spublish if isinstance(redis, Cluster) else server.publish)(channel, message)


def _everybody(names: RedisNames) -> str:
    """The channel that every node hears, in the slot of the leases where Redis is a cluster."""
    return names.together("all")
