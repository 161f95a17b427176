"""Closes the sockets of sessions that ended unheard: what a broken bus did not tell, MongoDB knows.

A revocation travels over the bus and closes sockets at once. Whoever published it may have been the one cut off, so no node
can know that it missed one: the sessions that have sockets here are looked up again and again, a thousand by one query.
"""

import asyncio
import logging
from collections.abc import Callable

from models.ports import Clock
from models.stores.sessions import Sessions
from models.tasks import cancel
from server.sockets.connections import Connections

log = logging.getLogger(__name__)

AT_ONCE = 1000


class ShutOut:
    """Looks every `every_s` seconds, and at once when signals may have been missed; `end` closes what a session has here."""

    def __init__(
        self,
        connections: Connections,
        sessions: Sessions,
        clock: Clock,
        end: Callable[[str], None],
        *,
        every_s: float,
    ) -> None:
        self._connections = connections
        self._sessions = sessions
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
            asked = session_ids[start : start + AT_ONCE]
            alive = await self._sessions.list_alive_ids(asked, self._clock.now())
            for session_id in set(asked) - alive:
                log.info("a session that is over still had sockets here")
                self._end(session_id)
