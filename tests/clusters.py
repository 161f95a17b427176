"""A Redis Cluster on loopback for tests: real servers, primaries and replicas, of which one can be ended or a slot moved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import RedisError

from server.embedded.binaries import REDIS, find_binary
from server.embedded.ports import LOOPBACK, choose_port

PASSWORD = "of this cluster"
SILENT_MS = 1000  # until a server counts as gone
WITHIN_S = 30.0


@dataclass
class Server:
    """One server of a cluster."""

    folder: Path
    binary: Path
    port: int = field(default_factory=choose_port)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.redis = Redis(host=LOOPBACK, port=self.port, password=PASSWORD, socket_timeout=5)

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.bus_port = choose_port()
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f'dir "{self.folder}"', 'save ""', "cluster-enabled yes"]
        lines += [f"cluster-port {self.bus_port}", f"cluster-node-timeout {SILENT_MS}", "repl-diskless-sync-delay 0"]
        lines += [f'requirepass "{PASSWORD}"', f'masterauth "{PASSWORD}"', "cluster-require-full-coverage no"]
        self.process = await asyncio.create_subprocess_exec(
            self.binary, "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        assert self.process.stdin is not None
        self.process.stdin.write("\n".join([*lines, ""]).encode())
        self.process.stdin.close()
        await until(self.answers)

    async def answers(self) -> bool:
        with contextlib.suppress(RedisError, OSError):
            return bool(await self.redis.ping())
        return False

    async def ask(self, *command: str | int) -> str:
        answer = await self.redis.execute_command(*command)
        return answer.decode() if isinstance(answer, bytes) else str(answer)

    async def name(self) -> str:
        return await self.ask("CLUSTER MYID")

    async def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@dataclass
class RedisCluster:
    """Three primaries that share the slots, and a replica of the first."""

    primaries: list[Server]
    replica: Server

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD.replace(' ', '%20')}@{LOOPBACK}:{self.primaries[-1].port}"

    @property
    def servers(self) -> list[Server]:
        return [*self.primaries, self.replica]

    async def form(self) -> None:
        """Let the servers find each other, and share the slots."""
        count, first = len(self.primaries), self.primaries[0]
        for n, server in enumerate(self.primaries):
            from_slot, to_slot = (REDIS_CLUSTER_HASH_SLOTS * each // count for each in (n, n + 1))
            await server.ask("CLUSTER ADDSLOTSRANGE", from_slot, to_slot - 1)
            await server.ask("CLUSTER SET-CONFIG-EPOCH", n + 1)
        for server in self.servers[1:]:
            await first.ask("CLUSTER MEET", LOOPBACK, server.port, server.bus_port)
        await until(self._is_known_to_the_replica)
        await self.replica.ask("CLUSTER REPLICATE", await first.name())
        await until(self._is_formed)

    async def move(self, slot: int, source: Server, target: Server) -> None:
        """Move an empty slot from one primary to another."""
        names = {server.port: await server.name() for server in (source, target)}
        await target.ask("CLUSTER SETSLOT", slot, "IMPORTING", names[source.port])
        await source.ask("CLUSTER SETSLOT", slot, "MIGRATING", names[target.port])
        for server in (target, source):
            await server.ask("CLUSTER SETSLOT", slot, "NODE", names[target.port])

    async def _is_known_to_the_replica(self) -> bool:
        return await self.primaries[0].name() in await self.replica.ask("CLUSTER NODES")

    async def _is_formed(self) -> bool:
        for server in self.servers:
            about = await server.redis.execute_command("CLUSTER INFO")
            if about["cluster_state"] != "ok" or int(about["cluster_known_nodes"]) != len(self.servers):
                return False
        return (await self.replica.redis.info("replication")).get("master_link_status") == "up"


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # type: ignore[misc]  # noqa: ASYNC110 (nothing says when it is)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[RedisCluster]:
    binary = (await asyncio.to_thread(find_binary, REDIS, "")).path
    servers = [Server(folder / str(n), binary) for n in range(4)]
    cluster = RedisCluster(servers[:3], servers[3])
    try:
        await asyncio.gather(*(server.start() for server in servers))
        await cluster.form()
        yield cluster
    finally:
        for server in servers:
            if server.process is not None:
                await server.kill()
            await server.redis.aclose()
