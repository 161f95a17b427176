"""Answers many callers by one query: keys that are asked for while a query runs are read together by the next one.

After a restart of a node everybody connects at once, and each connection reads its account and its chat list. Those five
queries cost more processor time than the rest of a connect; shared by a crowd they are hardly noticeable.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

from models.stores.database import is_transient

K = TypeVar("K")
V = TypeVar("V")


class BatchLoader(Generic[K, V]):
    """Reads keys in batches of at most `at_once`. A caller never gets a value that was read before it asked.

    `read` takes a batch of keys and returns the values that it found, by key.
    """

    def __init__(self, read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, at_once: int) -> None:
        self._read = read
        self._at_once = at_once
        self._waiting: deque[tuple[K, asyncio.Future[V | None]]] = deque()
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self, key: K) -> V | None:
        """Returns the value of this key, or None if `read` did not find it. Raises what `read` raises."""
        return await self._enqueue(key)

    async def all(self, keys: Collection[K]) -> dict[K, V]:
        """Returns the values of those of these keys that `read` finds. Raises what `read` raises."""
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
        except Exception as error:  # noqa: BLE001 (passed on to the callers)
            if len(requests) > 1 and not is_transient(error):
                for request in requests:  # so that a key that cannot be read fails alone
                    await self._resolve([request])
                return
            for _, answer in requests:
                if not answer.done():
                    answer.set_exception(error)
            return
        for key, answer in requests:
            if not answer.done():
                answer.set_result(found.get(key))
