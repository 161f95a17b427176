"""The embedded Redis-compatible server: loopback only, a password made for each run, nothing on disk."""

import asyncio
import secrets
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.config import RedisSettings
from server.embedded.binaries import Binary
from server.embedded.child import POLL_S, Child, hold
from server.embedded.ports import LOOPBACK, choose_port
from server.startup_error import CannotStart

PORT_TRIES = 3


class Valkey:
    """One valkey-server or redis-server; port and password stay the same when it is started again."""

    name = "redis"

    def __init__(self, data_dir: Path, settings: RedisSettings, binary: Binary) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._binary = binary
        self._child: Child | None = None
        self._password = secrets.token_urlsafe(32)
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    async def start(self) -> None:
        """Return when it answers; CannotStart says what it died of."""
        is_first = self.port == 0
        for tries_left in reversed(range(PORT_TRIES if is_first else 1)):
            held = await hold(self._data_dir / "redis.held")
            if is_first:
                self.port = choose_port()
            log_path = self._data_dir / "redis.log"
            self._child = Child([self._binary.path, "-"], log_path, held, self._configuration().encode())
            try:
                await self._child.outlive(self._answer(self._child))
            except CannotStart as ended:
                if not tries_left or "address already in use" not in str(ended).lower():
                    raise
            else:
                break

    async def stop(self, patience_s: float) -> None:
        if self._child is not None:
            await self._child.stop(patience_s)

    async def ended(self) -> int:
        """Wait until it is gone; its exit status, negative for a signal."""
        assert self._child is not None, "never started"
        return await asyncio.shield(self._child.exited)

    async def pid(self) -> int:
        assert self._child is not None, "never started"
        return await self._child.pid()

    def _configuration(self) -> str:
        """Give the settings on standard input, because everyone on the machine can read a command line."""
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {self._password}"]
        lines += [f"maxmemory {self._settings.memory_mb}mb", "maxmemory-policy noeviction"]
        return "\n".join([*lines, 'save ""', "appendonly no", f'dir "{self._data_dir}"', ""])

    async def _answer(self, child: Child) -> None:
        await child.accepts(self.port)
        async with Redis.from_url(self.url, protocol=3) as client:
            while True:
                try:
                    await client.ping()
                except RedisError:  # still loading, or another server that was faster to take the port: ours ends then
                    await asyncio.sleep(POLL_S)
                else:
                    return
