"""Closes the sockets of sessions that ended unheard, or lost their account: what a broken bus did not tell, MongoDB knows.

A revocation travels over the bus and closes sockets at once. Whoever published it may have been the one cut off, so no node
can know that it missed one: the sessions that have sockets here are looked up again and again, a thousand by one query.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from models.documents.session import Actor
from models.ports import Clock
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions
from models.tasks import cancel
from server.sockets.connections import Connections

log = logging.getLogger(__name__)

AT_ONCE = 1000


class RevokedSessionSweeper:
    """Looks every `every_s` seconds, and at once when signals may have been missed; `end` closes what a session has here."""

    def __init__(
        self,
        connections: Connections,
        sessions: Sessions,
        ownerships: Ownerships,
        clock: Clock,
        end: Callable[[str], None],
        *,
        every_s: float,
    ) -> None:
        self._connections = connections
        self._sessions = sessions
        self._ownerships = ownerships
        self._clock = clock
        self._end = end
        self._every_s = every_s
        self._is_due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="shutting out")

    async def close(self) -> None:
        if self._task is not None:
            await cancel(self._task)

    def hurry(self) -> None:
        """Look now: signals may have been missed."""
        self._is_due.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            timer = loop.call_later(self._every_s, self._is_due.set)
            await self._is_due.wait()
            self._is_due.clear()
            timer.cancel()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
                log.warning("sessions are not looked up: %s", type(error).__name__)

    async def _look(self) -> None:
        session_ids = self._connections.list_sessions()
        for start in range(0, len(session_ids), AT_ONCE):
            for session_id in await self._list_over(session_ids[start : start + AT_ONCE]):
                log.info("a session that is over, or has lost its account, still had sockets here")
                self._end(session_id)

    async def _list_over(self, session_ids: Collection[str]) -> set[str]:
        # Before the database is asked: a token that is newer than its answer is a good one.
        here = [connection.actor for each in session_ids for connection in self._connections.of_session(each)]
        actors: set[Actor] = {actor for actor in here if actor is not None}
        generations = await self._sessions.list_generations(session_ids, self._clock.now())
        owned = {actor.account_id for actor in actors if actor.login_id is not None}
        owners = await self._ownerships.list_owners(owned) if owned else {}
        return {
            actor.session_id
            for actor in actors
            if generations.get(actor.session_id) != actor.generation
            or (actor.login_id is not None and owners.get(actor.account_id) != actor.login_id)
        }
