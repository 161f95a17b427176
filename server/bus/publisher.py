"""The queue of messages that this node publishes on one Redis server, with one command for all that wait.

The command is a script, for two reasons. One reply for a batch costs this process a tenth of one reply for each message. And Redis
can see whether any other node subscribes to a channel: what only this node would receive is not published, so a node does not
receive its own messages, and chats whose members are all on one node cost nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

# Messages that wait for a slow Redis; beyond it they are dropped, and the clients of all nodes sync.
WAITING_MAX = 50_000
AT_ONCE = 500  # channels of one script, or those of one message: about a millisecond of Redis' time
FRESH_S = 10.0

# ARGV: this node's marker, then for each message its text, the number of channels that only others may subscribe to, the number of
# channels that this node subscribes to, and these channels. Without a subscriber to the marker, this node's connection is gone
# together with its subscriptions: then nothing is left out. Neither is a channel without any subscriber: a cluster may have moved
# it, and answers with an error. A script runs between two other commands, so nothing changes in the middle.
PUBLISH = """
local is_here = redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] > 0
local i = 2
while i < #ARGV do
  local message, others, own = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  i = i + 3
  for c = i, i + others + own - 1 do
    if c < i + others or not is_here or redis.call('PUBSUB', 'NUMSUB', ARGV[c])[2] ~= 1 then
      redis.call('PUBLISH', ARGV[c], message)
    end
  end
  i = i + others + own
end
"""


class Publisher:
    """`put` never waits, `flush` does. `has_lost` says that messages were dropped, which the other nodes must be told."""

    def __init__(
        self,
        redis: Redis,
        work: asyncio.Event,
        marker: Callable[[], str],
        is_subscribed_here: Callable[[str], bool],
        *,
        is_sharded: bool = False,
    ) -> None:
        """`work` is set when `flush` has something to do; `marker` returns a channel that only this node subscribes to.

        `is_subscribed_here`: whether Redis certainly has this node's own subscription to a channel.
        `is_sharded`: the channels are those of one shard of a cluster.
        """
        self.work = work
        self.has_lost = False
        self._redis = redis
        self._script = _sharded(PUBLISH) if is_sharded else PUBLISH
        self._marker = marker
        self._is_heard_here = is_subscribed_here
        self._waiting: deque[tuple[bytes, Sequence[str]]] = deque()
        self._in_the_air = 0
        self._put = 0  # messages so far
        self._settled = 0  # those of them that Redis has taken or that were dropped
        self._watchers: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._connection: AbstractConnection | None = None
        self._used_at = 0.0

    def __len__(self) -> int:
        """Returns how many messages Redis has not taken yet."""
        return len(self._waiting) + self._in_the_air

    def put(self, message: bytes, channels: Sequence[str]) -> None:
        """Publish a message on these channels, at the next `flush`."""
        if len(self._waiting) >= WAITING_MAX:
            self.discard()
        self._put += 1
        self._waiting.append((message, channels))
        self.work.set()

    def discard(self) -> None:
        """Drop what waits."""
        self._waiting.clear()
        self.mark_lost()
        self._settle(self._put)

    @property
    def mark(self) -> int:
        """Returns the number of messages put so far; see `settled`."""
        return self._put

    def settled(self, mark: int) -> "asyncio.Future[None]":
        """Returns a future that is done when Redis has taken all messages up to a mark, or they were dropped."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if mark <= self._settled:
            done.set_result(None)
        else:
            self._watchers.append((mark, done))
        return done

    def _settle(self, mark: int) -> None:
        self._settled = mark
        while self._watchers and self._watchers[0][0] <= mark:
            _, done = self._watchers.popleft()
            if not done.done():
                done.set_result(None)

    def mark_lost(self) -> None:
        """Remember that something was not published, which the other nodes must be told."""
        self.has_lost = True
        self.work.set()

    def take_loss(self) -> bool:
        """Returns `has_lost`, and resets it: what is lost from now on must be reported again."""
        has_lost, self.has_lost = self.has_lost, False
        return has_lost

    async def flush(self) -> None:
        """Publish what waits, in order. Raises RedisError and OSError.

        No UNSUBSCRIBE of this node may be sent meanwhile, or a message could be left out that another node needs.
        """
        try:
            while self._waiting:
                await self._run(self._take())
                self._settle(self._settled + self._in_the_air)
                self._in_the_air = 0
        finally:
            self._in_the_air = 0

    async def close(self) -> None:
        """Return the connection to the pool."""
        if self._connection is not None:
            await self._redis.connection_pool.release(self._connection)
            self._connection = None

    async def _run(self, arguments: Sequence[bytes | str | int]) -> None:
        """Run the script on a connection of its own; `execute_command`, which takes one from the pool each time, costs 2.5 times as much."""
        if self._used_at < monotonic() - FRESH_S:
            await self.close()  # Redis may have closed an idle connection, which the pool notices and a send does not
        connection = self._connection or await self._redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        self._connection = None
        try:
            await connection.send_command("EVAL", self._script, 0, *arguments)
            await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)  # a late reply must not be read as the answer to another command
            await self._redis.connection_pool.release(connection)
            raise
        self._connection, self._used_at = connection, monotonic()

    def _take(self) -> list[bytes | str | int]:
        """Returns the script's arguments for the messages at the head of the queue."""
        arguments: list[bytes | str | int] = [self._marker()]
        channels_count = 0
        while self._waiting and channels_count < AT_ONCE:
            message, channels = self._waiting.popleft()
            own = [channel for channel in channels if self._is_heard_here(channel)]
            others = [channel for channel in channels if channel not in own] if own else channels
            arguments += (message, len(others), len(own), *others, *own)
            channels_count += len(channels)
            self._in_the_air += 1
        return arguments


def _sharded(script: str) -> str:
    """Returns the script for a shard's channels; it may name any number of them, in all slots of its server."""
    return script.replace("'NUMSUB'", "'SHARDNUMSUB'").replace("'PUBLISH'", "'SPUBLISH'")
