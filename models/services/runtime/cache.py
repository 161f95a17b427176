"""A bounded, expiring memory of what the database said, so that the message path asks it only once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Loads a value at most once at a time, keeps it for `ttl_s`, and forgets the oldest beyond `size`.

    `ttl_s` is the bound within which a node that missed an invalidation believes something outdated.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]], *, size: int, ttl_s: float) -> None:
        self._load = load
        self._size = size
        self._ttl_s = ttl_s
        self._values: dict[K, tuple[float, V]] = {}
        self._loading: dict[K, asyncio.Task[V]] = {}

    def peek(self, key: K) -> V | None:
        """The value if it is at hand."""
        kept = self._values.get(key)
        return kept[1] if kept is not None and kept[0] > monotonic() else None

    async def require(self, key: K) -> V:
        """The value, loaded if it is not at hand; raises what loading raises."""
        value = self.peek(key)
        if value is not None:
            return value
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.create_task(self._fetch(key), name="cache load")
            self._loading[key] = loading
        # Shielded: one caller that goes away must not take the answer from the others.
        return await asyncio.shield(loading)

    async def _fetch(self, key: K) -> V:
        this = asyncio.current_task()
        try:
            value = await self._load(key)
            if self._loading.get(key) is this:  # not forgotten meanwhile
                self._keep(key, value)
            return value
        finally:
            if self._loading.get(key) is this:
                del self._loading[key]

    def _keep(self, key: K, value: V) -> None:
        if len(self._values) >= self._size:
            self._values.pop(next(iter(self._values)))
        self._values[key] = (monotonic() + self._ttl_s, value)

    def forget(self, key: K) -> None:
        """Drop a value, also one that is being loaded: it may have been read before it changed."""
        self._values.pop(key, None)
        self._loading.pop(key, None)

    def clear(self) -> None:
        self._values.clear()
        self._loading.clear()
