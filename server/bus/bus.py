"""The bus: carries packets and signals between nodes through Redis pub/sub (docs/architecture.md, "Fan-out").

Redis is treated as lossy. A node subscribes to the channel of an account while it has a socket of that account, and to the
channel of a large chat while it has a member, so it receives only what its own clients need. Packets travel encoded, so no node
encodes them again. After a break, an overflow or a failed publish, the nodes concerned tell their clients to sync. A node that
begins to publish for another one greets it, because what it published before did not reach that node.

A packet for more than `large` accounts carries the list of their ids. The list decides who may see the packet, whatever the
receiving node has cached. A list that is the last one of its channel again, as in a chat in use, is compared and not parsed.
Packets for many accounts that share no large chat, and signals, go to one channel to which every node subscribes.

    bus.py            the messages and their effects                 shards.py          which channel is on which server
    listeners.py      the functions that receive them                shard.py           one Redis server:
    large_chats.py    the large chats of this node's accounts        subscriptions.py   the channels subscribed to there
    audiences.py      lists of accounts behind packets               publisher.py       the messages published there
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
from models.tasks import BackgroundTasks
from server.bus.audiences import Audiences
from server.bus.large_chats import LargeChats, Memberships
from server.bus.lease import LEASE_S, Lease
from server.bus.listeners import BusListeners
from server.bus.names import RedisNames
from server.bus.shards import Shards
from server.bus.subscriptions import RETRY_S
from server.redis_client.client import RedisClient, server_of
from server.redis_client.cluster import Cluster

log = logging.getLogger(__name__)

SENT_WITHIN_S = 1.0  # Redis takes a signal within milliseconds, or is in trouble
UNREADABLE_FOR_S = 5.0  # one sync makes up for all messages of another version that arrive in this time

_SIGNALS: dict[str, type[Invalidation]] = {
    kind.__name__: kind
    for kind in (SessionsRevoked, AccountChanged, ChatMembersChanged, PresenceChanged, WentOffline, EntriesMissed)
}


class Bus:
    """Publishes without waiting, and passes what arrives to its listeners. A node that is alone publishes nothing."""

    def __init__(
        self,
        redis: RedisClient,
        listeners: BusListeners,
        list_large_chats: Callable[[Collection[int]], Awaitable[Memberships]],
        *,
        large: int = 32,
        prefix: str = "parley",
        site: str = "",
        lease_s: float = LEASE_S,
        unreadable_for_s: float = UNREADABLE_FOR_S,
    ) -> None:
        """`list_large_chats` asks the database; a packet for more than `large` accounts carries the list of them.

        `prefix` and `site`: see RedisNames; `lease_s`: see Lease.
        """
        self.names = names = RedisNames(prefix, site)
        self.lease = Lease(
            redis,
            names,
            on_met=self._on_node_met,
            on_gone=self._on_nodes_gone,
            on_break=self._lease_failed,
            on_lost=self._on_lease_lost,
            lease_s=lease_s,
        )
        self.breaks = 0
        self._listeners = listeners
        self._everybody = _everybody(names)
        self._away_since: float | None = None  # since the log said that the bus is away
        self._large = large
        self._signalled = 0  # the publisher's mark of the last signal that takes a right away
        self._held: dict[int, int] = {}  # account id -> sockets here
        self._have_lost: set[str] = set()  # nodes that said so: if one then leaves, something stays unannounced
        self._audiences = Audiences()
        self._tasks = BackgroundTasks()
        self._unreadable: set[str] = set()  # channels that brought something unreadable
        self._unreadable_for_s = unreadable_for_s
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
        """Returns this node's name."""
        return self.lease.node

    @property
    def is_up(self) -> bool:
        """Whether this node receives what others publish, and can publish."""
        return self.shards.is_up

    async def open(self) -> None:
        """Take the lease and subscribe. Raises RedisError when Redis cannot be reached."""
        await self.lease.take()
        await self.shards.open()
        self._tasks.keep("bus lease", self.lease.keep, longest_pause_s=self.lease.renew_s)
        large_chats = self.large_chats
        self._tasks.repeat(
            "bus large chats", large_chats.learn_all, wake=large_chats.is_outdated, longest_pause_s=RETRY_S
        )
        self._say_hello()

    def mark_lost(self) -> None:
        """Tell the other nodes that they missed something: an entry is stored, or may be, that nobody will announce."""
        self.shards.home.publisher.mark_lost()

    async def close(self) -> None:
        """Publish what waits, or tell the other nodes that it is lost, then give up the lease."""
        is_all_sent = await self.shards.close()
        if self._making_up is not None:
            self._making_up.cancel()
        await self._tasks.stop()
        try:
            await self.lease.give_up()
            if not is_all_sent:
                await self.shards.home.publish(self._everybody, orjson.dumps(["lost", self.node]))
            await self.shards.home.publish(self._everybody, orjson.dumps(["bye", self.node]))
        except (RedisError, OSError):
            log.info("the bus was away at the end")
        await self.shards.disconnect()

    async def hold(self, account_id: int) -> None:
        """Count a socket of this account. Returns when packets that other nodes send to the account arrive here.

        With Redis away or slow it returns earlier, and the account is told to sync once the subscription is confirmed.
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
        """Count off a socket of this account; after the last one, unsubscribe."""
        self._held[account_id] -= 1
        if not self._held[account_id]:
            del self._held[account_id]
            self.shards.remove(self.channel(account_id))
            self.large_chats.leave(account_id)

    def publish(self, namespace: str, text: str, to: Collection[int], large_chat: int | None = None) -> None:
        """Send a packet to these accounts on the other nodes. With `large_chat`, all of them are members of the chat with this id."""
        if self.lease.is_alone:
            return
        message = orjson.dumps(["packet", self.node, namespace, text])
        if len(to) <= self._large:
            self.shards.put(message, [self.channel(account_id) for account_id in to])
            return
        channel = self._everybody if large_chat is None else self.large_chats.channel(large_chat)
        self.shards.put(self._audiences.add(message, channel, to), [channel])

    def signal(self, signal: Invalidation) -> None:
        """Send a signal to the other nodes."""
        self._note(signal)
        if not self.lease.is_alone:
            self._say("signal", type(signal).__name__, asdict(signal))
            if not isinstance(signal, PresenceChanged):
                self._signalled = self.shards.home.publisher.mark

    async def signals_sent(self) -> None:
        """Return when Redis has taken all signals of this node that take a right away, or after a moment when it does not.

        An answer that is given after this call may rely on them, even if this node dies in the next moment. For signals that Redis
        did not take, the other nodes are told that they missed something, once it is back.
        """
        if not self.is_up:
            return
        done = self.shards.home.publisher.settled(self._signalled)
        if not done.done():
            await asyncio.wait([done], timeout=SENT_WITHIN_S)

    def holds(self, account_id: int) -> bool:
        """Whether this node has a socket of this account."""
        return account_id in self._held

    def channel(self, account_id: int) -> str:
        """Returns the channel to which a node subscribes while it has a socket of this account."""
        return self.names.own(f"a:{account_id}")

    def _say(self, kind: str, *rest: object) -> None:
        """Publish a message to every node."""
        self.shards.put(orjson.dumps([kind, self.node, *rest]), [self._everybody])

    def _say_hello(self, node: str = "") -> None:
        """Tell a node, or all of them, that this one is there and publishes for it from now on."""
        self._say("hello", node)

    def _lost_message(self) -> bytes | None:
        return None if self.lease.is_alone else orjson.dumps(["lost", self.node])

    def _lease_failed(self, error: Exception) -> None:
        """The leases are on the shard of the channel that every node subscribes to."""
        self.shards.home.failed(error)

    def _on_break(self, error: Exception) -> None:
        self.breaks += 1
        if self._away_since is None:
            self._away_since = monotonic()
            log.warning("the bus is away: %s", type(error).__name__)

    def _on_back(self) -> None:
        """Everything is subscribed to again."""
        self._on_recovered()
        self._say_hello()
        self._on_missed()

    def _on_recovered(self) -> None:
        """A shard works again; if it was the last one to fail, log that the bus is back."""
        if self._away_since is not None and self.is_up:
            log.warning("the bus is back, after %.1f s", monotonic() - self._away_since)
            self._away_since = None

    def _on_missed(self) -> None:
        """This node may have missed anything, signals too."""
        self._listeners.gap(None)
        if not self.lease.is_alone:
            self.large_chats.learn_again()

    def _on_late(self, channel: str) -> None:
        """Messages of this channel may be missing, because Redis confirmed the subscription late or one was unreadable."""
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
                log.exception("a message of the bus could not be read or acted on; the accounts concerned will sync")
            self._on_unreadable(channel)

    def _on_unreadable(self, channel: str) -> None:
        """A message could not be read, perhaps because its node has another version: have the accounts concerned sync."""
        if not self._unreadable:
            self._making_up = asyncio.get_running_loop().call_later(self._unreadable_for_s, self._make_up)
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
        """A node is there that this one did not know. While alone, this one asked for nobody's large chats."""
        self._say_hello(node)
        self.large_chats.learn_again()
        self._listeners.node_met()

    def _on_lease_lost(self) -> None:
        """Nodes that had given this one up publish nothing for it until they hear of it again, and greet it then."""
        self._say_hello()
        self._listeners.lease_lost()

    def _on_nodes_gone(self, nodes: Collection[str]) -> None:
        """Nodes died. They may have announced to nobody what they stored last, so clients here must sync."""
        self._have_lost.difference_update(nodes)
        self._on_missed()
        self._listeners.node_died()


async def announce(redis: RedisClient, signal: Invalidation, prefix: str, site: str = "") -> None:
    """Send a signal to every node from a command at a shell, which is no node."""
    message = orjson.dumps(["signal", "", type(signal).__name__, asdict(signal)])
    channel = _everybody(RedisNames(prefix, site))
    server = await server_of(redis, channel)
    await (server.spublish if isinstance(redis, Cluster) else server.publish)(channel, message)


def _everybody(names: RedisNames) -> str:
    """Returns the channel that every node subscribes to, in the slot of the leases where Redis is a cluster."""
    return names.together("all")
