"""Runs a Redis Cluster on loopback: three primaries and replicas; one can be ended or taken over, and slots moved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import RedisError

from server.embedded.binaries import REDIS, find_binary
from server.embedded.ports import LOOPBACK, choose_port

PASSWORD = "of this cluster"
SILENT_MS = 1000  # until a server counts as gone
PRIMARIES = 3
WITHIN_S = 60.0


@dataclass(eq=False)
class RedisServer:
    """One server of a cluster, in the same role after a restart unless another has taken it over."""

    folder: Path
    binary: Path
    port: int = field(default_factory=choose_port)
    bus_port: int = field(default_factory=choose_port)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.redis = Redis(host=LOOPBACK, port=self.port, password=PASSWORD, socket_timeout=5)
        self._name = ""

    async def start(self) -> None:
        """Return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f'dir "{self.folder}"',
            "unixsocket redis.sock",
            'save ""',
            "cluster-enabled yes",
        ]
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

    async def read(self, *command: str | int) -> Any:
        """The answer, as redis-py reads it."""
        return await self.redis.execute_command(*command)  # type: ignore[no-untyped-call]

    async def ask(self, *command: str | int) -> str:
        answer = await self.read(*command)
        return answer.decode() if isinstance(answer, bytes) else str(answer)

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was started"
        return self.process.pid

    async def becomes_primary(self) -> None:
        """Return when it has taken over."""
        await until(self._is_primary)

    async def _is_primary(self) -> bool:
        return bool((await self.redis.info("replication"))["role"] == "master")

    async def name(self) -> str:
        self._name = self._name or await self.ask("CLUSTER MYID")
        return self._name

    async def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@dataclass(frozen=True, slots=True)
class Shard:
    """The primary and the replica of some slots."""

    primary: RedisServer
    replica: RedisServer
    slots: list[int]


@dataclass
class RedisCluster:
    """Primaries that share the slots as in the beginning, and replicas: the first of the first primary, and so on."""

    primaries: list[RedisServer]
    replicas: list[RedisServer]

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD.replace(' ', '%20')}@{LOOPBACK}:{self.primaries[-1].port}"

    @property
    def socket_url(self) -> str:
        return f"unix://:{PASSWORD.replace(' ', '%20')}@{self.primaries[-1].folder / 'redis.sock'}"

    @property
    def servers(self) -> list[RedisServer]:
        return [*self.primaries, *self.replicas]

    async def form(self) -> None:
        """Let the servers find each other, and share the slots."""
        count, first = len(self.primaries), self.primaries[0]
        for n, server in enumerate(self.primaries):
            from_slot, to_slot = (REDIS_CLUSTER_HASH_SLOTS * each // count for each in (n, n + 1))
            await server.ask("CLUSTER ADDSLOTSRANGE", from_slot, to_slot - 1)
            await server.ask("CLUSTER SET-CONFIG-EPOCH", n + 1)
        for server in self.servers[1:]:
            await first.ask("CLUSTER MEET", LOOPBACK, server.port, server.bus_port)
        for primary, replica in zip(self.primaries, self.replicas, strict=False):
            name = await primary.name()
            await until(partial(_knows, replica, name))
            await replica.ask("CLUSTER REPLICATE", name)
        await self.is_whole()

    async def is_whole(self) -> None:
        """Return when all servers know each other, every slot is served, and every replica is level with its primary."""
        await until(self._is_whole)

    async def list_shards(self) -> list[Shard]:
        """Returns the shards that have a replica now; while the cluster is whole."""
        nodes = await self.servers[0].read("CLUSTER NODES")
        by_port = {server.port: server for server in self.servers}
        by_name = {line["node_id"]: by_port[int(address.rpartition(":")[2])] for address, line in nodes.items()}
        slots = {
            by_name[line["node_id"]]: [
                slot for first, *last in line["slots"] for slot in range(int(first), int([first, *last][-1]) + 1)
            ]
            for line in nodes.values()
        }
        pairs = [(line["master_id"], line["node_id"]) for line in nodes.values() if line["master_id"] in by_name]
        return [Shard(by_name[name], by_name[replica], slots[by_name[name]]) for name, replica in pairs]

    async def move(self, slot: int, source: RedisServer, target: RedisServer) -> None:
        """Move an empty slot from one primary to another."""
        names = {server.port: await server.name() for server in (source, target)}
        await target.ask("CLUSTER SETSLOT", slot, "IMPORTING", names[source.port])
        await source.ask("CLUSTER SETSLOT", slot, "MIGRATING", names[target.port])
        for server in (target, source):
            await server.ask("CLUSTER SETSLOT", slot, "NODE", names[target.port])

    async def _is_whole(self) -> bool:
        for server in self.servers:
            about = await server.read("CLUSTER INFO")
            if about["cluster_state"] != "ok" or int(about["cluster_known_nodes"]) != len(self.servers):
                return False
            replication = await server.redis.info("replication")
            if replication["role"] == "slave" and replication["master_link_status"] != "up":
                return False
        return True


async def _knows(server: RedisServer, name: str) -> bool:
    return name in await server.ask("CLUSTER NODES")


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # type: ignore[misc]  # noqa: ASYNC110 (nothing says when it is)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_cluster(folder: Path, *, replicas: int = 1) -> AsyncIterator[RedisCluster]:
    """Yields a whole cluster until the block ends."""
    binary = (await asyncio.to_thread(find_binary, REDIS, "")).path
    servers = [RedisServer(folder / str(n), binary) for n in range(PRIMARIES + replicas)]
    cluster = RedisCluster(servers[:PRIMARIES], servers[PRIMARIES:])
    try:
        await asyncio.gather(*(server.start() for server in servers))
        await cluster.form()
        yield cluster
    finally:
        for server in servers:
            if server.process is not None:
                await server.kill()
            await server.redis.aclose()
