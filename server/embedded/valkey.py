"""Runs the embedded Redis-compatible server: loopback only, a new password for each run, nothing on disk."""

import asyncio
import secrets
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError
from typing_extensions import override

from server.config import RedisSettings
from server.embedded.binaries import Binary
from server.embedded.child import POLL_S, Child
from server.embedded.ports import LOOPBACK
from server.embedded.server import EmbeddedServer


class Valkey(EmbeddedServer):
    """One valkey-server or redis-server; port and password stay the same when it is started again."""

    name = files = "redis"

    def __init__(self, data_dir: Path, settings: RedisSettings, binary: Binary) -> None:
        super().__init__(data_dir)
        self._settings = settings
        self._binary = binary
        self._password = secrets.token_urlsafe(32)

    @property
    @override
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    @override
    def _launch(self, held: int) -> Child:
        return Child([self._binary.path, "-"], self._file("log"), held, self._configuration().encode())

    def _configuration(self) -> str:
        """Returns the settings for standard input, because everyone on the machine can read a command line."""
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {self._password}"]
        lines += [f"maxmemory {self._settings.memory_mb}mb", "maxmemory-policy noeviction"]
        return "\n".join([*lines, 'save ""', "appendonly no", f'dir "{self._data_dir}"', ""])

    @override
    async def _answer(self, child: Child) -> None:
        await child.accepts(self.port)
        async with Redis.from_url(self.url, protocol=3) as client:
            while True:
                try:
                    await client.ping()
                except RedisError:  # still loading, or another server took the port first: then ours ends
                    await asyncio.sleep(POLL_S)
                else:
                    return
