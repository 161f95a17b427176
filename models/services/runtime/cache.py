"""A bounded cache whose values expire, so that the message path reads each of them from the database only once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps loaded values for `ttl_s`, and drops the oldest of more than `size`. Loads a key at most once at a time.

    `ttl_s` is the longest time for which a node that missed an invalidation serves an outdated value.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]], *, size: int, ttl_s: float) -> None:
        self._load = load
        self._size = size
        self._ttl_s = ttl_s
        self._values: dict[K, tuple[float, V]] = {}
        self._loading: dict[K, asyncio.Task[V]] = {}

    def peek(self, key: K) -> V | None:
        """Returns the value if it is cached, else None."""
        kept = self._values.get(key)
        return kept[1] if kept is not None and kept[0] > monotonic() else None

    async def require(self, key: K) -> V:
        """Returns the value, and loads it first if it is not cached. Raises what `load` raises."""
        value = self.peek(key)
        if value is not None:
            return value
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.create_task(self._fetch(key), name="cache load")
            self._loading[key] = loading
        # Shielded, so that a cancelled caller does not cancel the load for the others.
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
        """Drop a value, and do not cache the one that is being loaded: it may have been read before the change."""
        self._values.pop(key, None)
        self._loading.pop(key, None)

    def clear(self) -> None:
        self._values.clear()
        self._loading.clear()
