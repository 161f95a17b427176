"""Closes the sockets of sessions that have ended, or lost their account, without this node being told.

A revocation travels over the bus and closes sockets at once. The node that published it may have been cut off from Redis, and the
others cannot know that they missed it: so the sessions that have sockets here are looked up again and again, a thousand in one query.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from models.documents.session import Actor
from models.tasks import BackgroundTasks
from server.sockets.connections import Connections

log = logging.getLogger(__name__)

AT_ONCE = 1000


class RevokedSessionSweeper:
    """Looks sessions up every `every_s` seconds, and at once when signals may have been missed."""

    def __init__(
        self,
        connections: Connections,
        find_ended: Callable[[Collection[Actor]], Awaitable[set[str]]],
        end: Callable[[str], None],
        *,
        every_s: float,
    ) -> None:
        """`find_ended` returns the ids of those sessions that are over; `end` closes what the session with an id has here."""
        self._connections = connections
        self._find_ended = find_ended
        self._end = end
        self._every_s = every_s
        self._is_due = asyncio.Event()
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        """Start looking."""
        self._tasks.repeat("revoked sessions", self._sweep, every_s=self._every_s, wake=self._is_due)

    async def close(self) -> None:
        """Stop looking."""
        await self._tasks.stop()

    def hurry(self) -> None:
        """Look now: signals may have been missed."""
        self._is_due.set()

    async def _sweep(self) -> None:
        session_ids = self._connections.list_sessions()
        for start in range(0, len(session_ids), AT_ONCE):
            here = [each for one in session_ids[start : start + AT_ONCE] for each in self._connections.of_session(one)]
            actors = {connection.actor for connection in here if connection.actor is not None}
            for session_id in await self._find_ended(actors):
                log.info("a session that is over, or has lost its account, still had sockets here")
                self._end(session_id)
