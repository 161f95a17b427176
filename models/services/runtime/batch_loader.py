"""Reads for all who ask while the last reading is under way by one reading, as the journal writes.

When a node comes back, everybody connects at once, and each is greeted with its account and the list of its chats: the five
queries of one such greeting cost more of this process than all the rest of a connect; shared by a crowd they hardly show.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

from models.stores.database import is_transient

K = TypeVar("K")
V = TypeVar("V")


class BatchLoader(Generic[K, V]):
    """`read` gives what it finds of the keys it gets, at most `at_once` of them; an answer is never older than its question."""

    def __init__(self, read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, at_once: int) -> None:
        self._read = read
        self._at_once = at_once
        self._waiting: deque[tuple[K, asyncio.Future[V | None]]] = deque()
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self, key: K) -> V | None:
        """What there is of this key; raises what reading raises."""
        return await self._enqueue(key)

    async def all(self, keys: Collection[K]) -> dict[K, V]:
        """What there is of each of these keys; raises what reading raises."""
        found = await asyncio.gather(*map(self._enqueue, keys))
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    def _enqueue(self, key: K) -> "asyncio.Future[V | None]":
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all(), name="batched reading")
        return answer

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._at_once)
                await self._resolve([self._waiting.popleft() for _ in range(size)])
        finally:
            self._reading = None
            for _, answer in self._waiting:
                answer.cancel()

    async def _resolve(self, requests: list[tuple[K, "asyncio.Future[V | None]"]]) -> None:
        try:
            found = await self._read({key for key, _ in requests})
        except Exception as error:  # noqa: BLE001 (whoever asked hears of it)
            if len(requests) > 1 and not is_transient(error):
                for request in requests:  # one key that cannot be read must not cost the others anything
                    await self._resolve([request])
                return
            for _, answer in requests:
                if not answer.done():
                    answer.set_exception(error)
            return
        for key, answer in requests:
            if not answer.done():
                answer.set_result(found.get(key))
