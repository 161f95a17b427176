"""What this node publishes: a queue, and one command to Redis for all that a turn of the loop put into it.

The command is a script, for two reasons. One reply for a batch costs this process a tenth of a reply for each message. And
Redis itself can see whether anybody but this node listens to a channel: what only this node's own people would hear is not
published, so that a node neither hears itself nor pays for chats that do not cross.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

# Messages that a slow Redis may leave waiting; beyond it they are dropped, and the nodes told to sync.
WAITING_MAX = 50_000
AT_ONCE = 500  # channels of one script, or those of one message: about a millisecond of Redis' time
FRESH_S = 10.0

# ARGV: this node's marker, then for each message its text, how many channels follow, how many more follow that this node
# listens to itself, and the channels. Where Redis does not know the marker, this node's connection is gone, and with it what
# it listened to: then nothing is left out. Nor is it where nobody listens at all: a cluster has moved the channel, which this node
# has not read yet, and answers with an error. A script runs between two other commands, so nothing changes in the middle.
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
    """Publishing never waits; `flush` does. What is lost is known (`has_lost`), and must be told."""

    def __init__(
        self,
        redis: Redis,
        work: asyncio.Event,
        marker: Callable[[], str],
        is_subscribed_here: Callable[[str], bool],
        *,
        is_sharded: bool = False,
    ) -> None:
        """`is_subscribed_here`: whether Redis has this node's own subscription to a channel; false wherever that is not certain.

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
        self._put = 0  # messages so far, and those of them that Redis has taken or that were given up
        self._settled = 0
        self._watchers: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._connection: AbstractConnection | None = None
        self._used_at = 0.0

    def __len__(self) -> int:
        """How many messages Redis has not taken yet."""
        return len(self._waiting) + self._in_the_air

    def put(self, message: bytes, channels: Sequence[str]) -> None:
        """Publish a message on these channels."""
        if len(self._waiting) >= WAITING_MAX:
            self.discard()
        self._put += 1
        self._waiting.append((message, channels))
        self.work.set()

    def discard(self) -> None:
        """Give up what waits."""
        self._waiting.clear()
        self.mark_lost()
        self._settle(self._put)

    @property
    def mark(self) -> int:
        """Stands for all that was put until now."""
        return self._put

    def settled(self, mark: int) -> "asyncio.Future[None]":
        """Is done when Redis has taken everything up to a mark, or it was given up."""
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
        """Something that should have been published was not."""
        self.has_lost = True
        self.work.set()

    async def flush(self) -> None:
        """Publish what waits, in its order; raises RedisError and OSError.

        No UNSUBSCRIBE of this node may be sent while this is under way: what is left out for its sake would be wrong.
        """
        try:
            while self._waiting:
                await self._run(self._take())
                self._settle(self._settled + self._in_the_air)
                self._in_the_air = 0
        finally:
            self._in_the_air = 0

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            await self._redis.connection_pool.release(self._connection)
            self._connection = None

    async def _run(self, arguments: Sequence[bytes | str | int]) -> None:
        """Run the script on a connection kept for it: `execute_command`, which takes one each time, costs 2.5 times as much."""
        if self._used_at < monotonic() - FRESH_S:
            await self.close()  # Redis may have closed an idle connection, which the pool notices and a send does not
        connection = self._connection or await self._redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        self._connection = None
        try:
            await connection.send_command("EVAL", self._script, 0, *arguments)
            await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)  # a reply that is still to come is nobody else's
            await self._redis.connection_pool.release(connection)
            raise
        self._connection, self._used_at = connection, monotonic()

    def _take(self) -> list[bytes | str | int]:
        """The arguments of a script for the messages at the head of the queue."""
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
    """The same, for channels of a shard: a script may name as many of them as it likes, in whatever slots of its server."""
    return script.replace("'NUMSUB'", "'SHARDNUMSUB'").replace("'PUBLISH'", "'SPUBLISH'")
