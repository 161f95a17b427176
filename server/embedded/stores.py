"""Starts the embedded stores, keeps them running and stops them. Stores whose URL is set are left alone."""

import asyncio
import logging
import math
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from server.config import EMBEDDED, MongodbSettings, RedisSettings
from server.embedded.binaries import MONGOD, REDIS, find_binary
from server.embedded.mongod import Mongod
from server.embedded.valkey import Valkey
from server.process.data_dir import is_full
from server.startup_error import StartupError

log = logging.getLogger(__name__)

STEADY_S = 10  # a child that ran this long did not fail at its start
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10


class EmbeddedStores:
    """The stores of one data directory for the time of an `async with`.

    Inside it `mongodb_url` and `redis_url` answer: those of the children, or those that are set. A child that ends is
    started again on the same port. StartupError says in one line why a store does not start. Data is kept.
    """

    def __init__(
        self,
        data_dir: Path,
        mongodb: MongodbSettings | None = None,
        redis: RedisSettings | None = None,
        stop_patience_s: float = 5,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._mongodb = mongodb or MongodbSettings()
        self._redis = redis or RedisSettings()
        self._stop_patience_s = stop_patience_s
        self._keepers: list[asyncio.Task[None]] = []
        self.mongod: Mongod | None = None
        self.valkey: Valkey | None = None
        self.descriptions: dict[str, str] = {}

    @property
    def mongodb_url(self) -> str:
        return self.mongod.url if self.mongod else self._mongodb.url

    @property
    def redis_url(self) -> str:
        return self.valkey.url if self.valkey else self._redis.url

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._mongodb.url == EMBEDDED:
            binary = await asyncio.to_thread(find_binary, MONGOD, self._mongodb.binary)
            self.mongod = Mongod(self._data_dir, self._mongodb, binary)
            self.descriptions["MongoDB"] = f"embedded {binary.version}, data in {self._data_dir / 'mongodb'}"
        if self._redis.url == EMBEDDED:
            binary = await asyncio.to_thread(find_binary, REDIS, self._redis.binary)
            self.valkey = Valkey(self._data_dir, self._redis, binary)
            self.descriptions["Redis"] = f"embedded {binary.path.name} {binary.version}, in memory"
        outcomes = await asyncio.gather(*(child.start() for child in self._children()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        self._keepers = [
            asyncio.create_task(_keep(child, self._data_dir), name=f"keep {child.name}") for child in self._children()
        ]

    async def _stop(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(child.stop(self._stop_patience_s) for child in self._children()))

    def _children(self) -> list[Mongod | Valkey]:
        return [child for child in (self.mongod, self.valkey) if child is not None]


async def _keep(child: Mongod | Valkey, data_dir: Path) -> None:
    """Start the child again whenever it ends: at once, and after growing delays while it keeps ending."""
    delay_s, started_at = 0.0, -math.inf
    while True:
        code = await child.ended()
        cause = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
        cause = await asyncio.to_thread(is_full, data_dir) or cause
        delay_s = 0.0 if time.monotonic() > started_at + STEADY_S else _longer(delay_s)
        log.error("%s ended (%s): starting it again on port %d in %.1f s", child.name, cause, child.port, delay_s)
        while True:
            await asyncio.sleep(delay_s)
            try:
                await child.start()
            except (StartupError, OSError) as problem:
                delay_s = _longer(delay_s)
                log.error("%s does not start, next try in %.1f s: %s", child.name, delay_s, problem)  # noqa: TRY400
                await child.stop(0)
            else:
                started_at = time.monotonic()
                log.warning("%s runs again on port %d", child.name, child.port)
                break


def _longer(delay_s: float) -> float:
    return min(max(2 * delay_s, FIRST_DELAY_S), LONGEST_DELAY_S)


@asynccontextmanager
async def throw_away_stores(place: Path | None = None) -> AsyncIterator[EmbeddedStores]:
    """Run stores in a temporary directory (in `place`) that is removed with them; for tests and benchmarks."""
    with tempfile.TemporaryDirectory(prefix="parley-", dir=place) as folder:
        async with EmbeddedStores(Path(folder), stop_patience_s=0.2) as stores:
            yield stores
