"""A client's connection to a namespace, with the requests that wait for their turn."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from models.documents.session import Actor
from models.errors import SessionRevoked

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class ClientConnection:
    """A client's connection to a namespace, with the requests that wait for their turn."""

    connection: str
    actor: Actor
    token: str
    began_at: datetime | None = None  # when it synced without any cursor (SyncChats)
    is_revoked: bool = False  # its session has ended: requests that have not begun are refused
    _waiting: deque[tuple[Awaitable[Any], "asyncio.Future[Any]"]] | None = None
    _admitting: "asyncio.Task[None] | None" = None

    @property
    def is_first(self) -> bool:
        """Whether no earlier request waits for its turn, so that one may begin at once."""
        return self._waiting is None

    def in_turn(self, work: Awaitable[T]) -> "asyncio.Future[T]":
        """Do this work when all that was given before is done. Returns a future of its result.

        One task does all of it without a pause, so that requests which arrive all the time do not queue up for ever.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = deque()
            self._admitting = asyncio.create_task(self._admit(self._waiting), name="requests in turn")
        self._waiting.append((work, result))
        return result

    async def _admit(self, waiting: deque[tuple[Awaitable[Any], "asyncio.Future[Any]"]]) -> None:
        while waiting:
            work, result = waiting.popleft()
            try:
                value = await self._begin(work)
            except Exception as error:  # noqa: BLE001 (raised where the result is awaited)
                if not result.done():
                    result.set_exception(error)
            else:
                if not result.done():
                    result.set_result(value)
        self._waiting = self._admitting = None

    async def _begin(self, work: Awaitable[T]) -> T:
        if not self.is_revoked:
            return await work
        if isinstance(work, Coroutine):
            work.close()
        raise SessionRevoked
