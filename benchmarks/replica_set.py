"""Runs a MongoDB replica set of several members on this machine, each of which can be killed, paused, slowed and started again."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from benchmarks.launch import bound_to_this_process
from server.embedded.binaries import MONGOD, find_binary
from server.embedded.ports import choose_port

NAME = "proof"
MEMBERS = 3
ELECTION_MS = 2000  # a member that hears nothing of the primary for so long calls an election
ANSWERS_WITHIN_S = 2.0
READY_WITHIN_S = 60.0
ALREADY_INITIALIZED = 23
READS_AND_WRITES = ["insert", "update", "find", "findAndModify", "aggregate"]


@dataclass
class Member:
    """One mongod; its port and its folder stay the same when it is started again."""

    folder: Path
    binary: Path
    port: int = field(default_factory=choose_port)
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it may take a moment until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options: dict[str, object] = {
            "--dbpath": self.folder,
            "--bind_ip": "127.0.0.1",
            "--port": self.port,
            "--replSet": NAME,
            "--oplogSize": 256,
            "--wiredTigerCacheSizeGB": 0.25,
            "--logpath": self.folder / "log",
        }
        parameters = ["diagnosticDataCollectionEnabled=false", "enableTestCommands=1"]
        command = [str(self.binary), "--nounixsocket", "--quiet", "--logappend"]
        command += [str(part) for option in options.items() for part in option]
        command += [part for parameter in parameters for part in ("--setParameter", parameter)]
        self._process = await asyncio.create_subprocess_exec(
            *bound_to_this_process(command), stdout=asyncio.subprocess.DEVNULL
        )

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def ended(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def fill_disk(self) -> None:
        """Let no file of it grow any more, as on a full disk; it dies of that at its next write."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (4096, most))

    async def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Run a command of the database `admin` on this very member. Raises PyMongoError."""
        within_ms = int(ANSWERS_WITHIN_S * 1000)
        async with AsyncMongoClient[dict[str, Any]](
            f"mongodb://127.0.0.1:{self.port}/?directConnection=true",
            serverSelectionTimeoutMS=within_ms,
            connectTimeoutMS=within_ms,
            socketTimeoutMS=within_ms + 10_000,
        ) as client:
            return await client.admin.command(command)


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    members: Sequence[Member]

    @property
    def url(self) -> str:
        return f"mongodb://{','.join(f'127.0.0.1:{member.port}' for member in self.members)}/?replicaSet={NAME}"

    async def primary(self) -> Member:
        """Wait until a member says that it leads. Returns it."""
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                for member in self.members:
                    with suppress(PyMongoError):
                        if (await member.ask({"hello": 1}))["isWritablePrimary"]:
                            return member
                await asyncio.sleep(0.1)

    async def slow_down(self, member: Member, by_ms: int | None) -> None:
        """Let each read and write of a member take longer; None ends that. Asks again until it is answered."""
        mode = "off" if by_ms is None else "alwaysOn"
        data = {"failCommands": READS_AND_WRITES, "blockConnection": True, "blockTimeMS": by_ms or 0}
        command = {"configureFailPoint": "failCommand", "mode": mode, **({"data": data} if by_ms else {})}
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                try:
                    await member.ask(command)
                    break
                except PyMongoError:
                    await asyncio.sleep(0.2)

    async def initiate(self) -> None:
        members = [{"_id": n, "host": f"127.0.0.1:{member.port}"} for n, member in enumerate(self.members)]
        settings = {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": 500}
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                try:
                    await self.members[0].ask(
                        {"replSetInitiate": {"_id": NAME, "members": members, "settings": settings}}
                    )
                    break
                except OperationFailure as error:
                    if error.code == ALREADY_INITIALIZED:
                        break
                    await asyncio.sleep(0.2)
                except PyMongoError:
                    await asyncio.sleep(0.2)
        await self.primary()


@asynccontextmanager
async def running_replica_set(folder: Path, members: int = MEMBERS) -> AsyncIterator[ReplicaSet]:
    """Yields a set that has a primary; its members end with the block, or with this process."""
    binary = (await asyncio.to_thread(find_binary, MONGOD, "")).path
    found = ReplicaSet([Member(folder / f"mongod{n + 1}", binary) for n in range(members)])
    async with AsyncExitStack() as stack:
        for member in found.members:
            stack.push_async_callback(member.kill)
            await member.start()
        await found.initiate()
        yield found
