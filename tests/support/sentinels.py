"""A primary, a replica and three sentinels on loopback for tests: real servers, of which one can be ended or replaced."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.embedded.binaries import REDIS, find_binary
from server.embedded.ports import LOOPBACK, choose_port

NAME = "main"
PASSWORD = "of these servers"
SENTINEL_PASSWORD = "of these sentinels"
NEVER_MS, SOON_MS = 600_000, 500  # until a server that is silent counts as down
QUORUM = 2
WITHIN_S = 30.0


@dataclass
class Server:
    """One process, a server or a sentinel."""

    folder: Path
    binary: Path
    lines: Sequence[str]
    password: str
    port: int = field(default_factory=choose_port)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.redis = Redis(host=LOOPBACK, port=self.port, password=self.password, socket_timeout=5)

    async def start(self, *options: str) -> None:
        self.folder.mkdir(exist_ok=True)
        settings = self.folder / "conf"  # sentinels write to theirs
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f'dir "{self.folder}"', f'requirepass "{self.password}"']
        settings.write_text("\n".join([*lines, *self.lines, ""]))
        self.process = await asyncio.create_subprocess_exec(
            self.binary, settings, *options, stdout=asyncio.subprocess.DEVNULL
        )
        await until(self.answers)

    async def answers(self) -> bool:
        with contextlib.suppress(RedisError, OSError):
            return bool(await self.redis.ping())
        return False

    async def about(self) -> dict[str, object]:
        """What it says of its part in the replication."""
        return await self.redis.info("replication")

    async def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@dataclass
class Guarded:
    """A primary, its replica, and the sentinels that watch them."""

    primary: Server
    replica: Server
    sentinels: list[Server]

    @property
    def url(self) -> str:
        return self.url_of([sentinel.port for sentinel in self.sentinels])

    @property
    def servers(self) -> list[Server]:
        return [self.primary, self.replica, *self.sentinels]

    def url_of(self, ports: Sequence[int], *, name: str = NAME, password: str = SENTINEL_PASSWORD) -> str:
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in ports)
        return f"redis+sentinel://:{quote(PASSWORD)}@{hosts}/{name}?sentinel_password={quote(password)}"

    async def start(self) -> None:
        for server in (self.primary, self.replica):
            await server.start()
        await until(self._is_copied)
        await asyncio.gather(*(sentinel.start("--sentinel") for sentinel in self.sentinels))
        for sentinel in self.sentinels:  # they find each other by what they publish
            await sentinel.redis.execute_command("SENTINEL DEBUG", "PUBLISH-PERIOD", 200, "INFO-PERIOD", 500)  # type: ignore[no-untyped-call]
        await until(self._is_watched)

    async def watch_closely(self) -> None:
        """Let the sentinels act on silence soon. Until then a machine that is busy is no reason for them."""
        for sentinel in self.sentinels:
            await sentinel.redis.execute_command("SENTINEL SET", NAME, "down-after-milliseconds", SOON_MS)  # type: ignore[no-untyped-call]

    async def replace(self) -> None:
        """Let the replica take over while the primary lives."""
        await self.sentinels[0].redis.execute_command("SENTINEL FAILOVER", NAME)  # type: ignore[no-untyped-call]

    async def _is_copied(self) -> bool:
        return (await self.replica.about()).get("master_link_status") == "up"

    async def _is_watched(self) -> bool:
        for sentinel in self.sentinels:
            state = await sentinel.redis.sentinel_master(NAME)
            assert isinstance(state, dict)
            if (state["num-slaves"], state["num-other-sentinels"]) != (1, len(self.sentinels) - 1):
                return False
        return True


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # noqa: ASYNC110 (nothing says when it is)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_guarded(folder: Path) -> AsyncIterator[Guarded]:
    binary = (await asyncio.to_thread(find_binary, REDIS, "")).path
    plain = ['save ""', f'masterauth "{PASSWORD}"', "repl-diskless-sync-delay 0"]
    primary = Server(folder / "primary", binary, plain, PASSWORD)
    replica = Server(folder / "replica", binary, [*plain, f"replicaof {LOOPBACK} {primary.port}"], PASSWORD)
    watch = [f"sentinel monitor {NAME} {LOOPBACK} {primary.port} {QUORUM}", f'sentinel auth-pass {NAME} "{PASSWORD}"']
    watch += [f"sentinel down-after-milliseconds {NAME} {NEVER_MS}", f"sentinel failover-timeout {NAME} 3000"]
    watch += [f'sentinel sentinel-pass "{SENTINEL_PASSWORD}"']
    sentinels = [Server(folder / f"sentinel {n}", binary, watch, SENTINEL_PASSWORD) for n in range(3)]
    guarded = Guarded(primary, replica, sentinels)
    try:
        await guarded.start()
        yield guarded
    finally:
        for server in guarded.servers:
            if server.process is not None:
                await server.kill()
            await server.redis.aclose()
