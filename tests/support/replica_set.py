"""A MongoDB set of three members on this machine, whose primary can be left alone with what it was told last."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from server.embedded.binaries import MONGOD, find_binary
from server.embedded.child import Child, hold
from server.embedded.ports import LOOPBACK, choose_port

NAME = "three"
SIZE = 3
STEP_UP_LOOKS = 5  # before the next one is asked to lead
# A primary that is left alone goes on for so long. Nothing waits for it: whoever is to lead is asked to.
ALONE_FOR_S = 20
POLL_S = 0.05
WITHIN_S = 60.0


@dataclass
class Member:
    """One mongod, on the same port after every start."""

    folder: Path
    program: Path
    port: int = field(default_factory=choose_port)
    child: Child | None = None

    async def start(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        options = {"--dbpath": self.folder / "data", "--port": self.port, "--bind_ip": LOOPBACK, "--replSet": NAME}
        options |= {"--oplogSize": 64, "--wiredTigerCacheSizeGB": 0.25}
        argv: list[str | Path] = [self.program, "--nounixsocket", "--quiet"]
        argv += [str(part) for option in options.items() for part in option]
        argv += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        self.child = Child(argv, self.folder / "mongod.log", await hold(self.folder / "held"))
        await self.child.outlive(self.child.accepts(self.port))

    async def kill(self) -> None:
        if self.child is not None and not self.child.exited.done():
            os.kill(await self.child.pid(), signal.SIGKILL)
            await self.child.exited

    @asynccontextmanager
    async def asked(self) -> AsyncIterator["AsyncMongoClient[dict[str, Any]]"]:
        """A client of this member alone, which reads what the member has, whatever the others have."""
        async with AsyncMongoClient[dict[str, Any]](LOOPBACK, self.port, directConnection=True) as client:
            yield client

    async def is_(self, role: str) -> bool:
        async with self.asked() as client:
            with suppress(PyMongoError):
                return bool((await client.admin.command("hello"))[role])
        return False


@dataclass
class ReplicaSet:
    members: list[Member]

    @property
    def url(self) -> str:
        addresses = ",".join(f"{LOOPBACK}:{member.port}" for member in self.members)
        return f"mongodb://{addresses}/?replicaSet={NAME}"

    async def start(self) -> None:
        await asyncio.gather(*(member.start() for member in self.members))
        hosts = [{"_id": n, "host": f"{LOOPBACK}:{member.port}"} for n, member in enumerate(self.members)]
        async with self.members[0].asked() as client:
            settings = {"electionTimeoutMillis": 1000 * ALONE_FOR_S}
            await client.admin.command("replSetInitiate", {"_id": NAME, "members": hosts, "settings": settings})
        await _elect(self.members)

    async def stop(self) -> None:
        await asyncio.gather(*(member.kill() for member in self.members))

    async def heal(self) -> Member:
        """Start what does not run; the primary, once all follow it."""
        for member in self.members:
            if member.child is None or member.child.exited.done():
                await member.start()
        primary = await _elect(self.members)
        for member in self.members:
            if member is not primary:
                await _until(lambda member=member: member.is_("secondary"))  # type: ignore[misc]
        return primary

    async def replace(self, primary: Member) -> Member:
        """The primary dies, and the others, who were away while it wrote last, lead on without that."""
        others = [member for member in self.members if member is not primary]
        await primary.kill()
        await asyncio.gather(*(member.start() for member in others))
        return await _elect(others)

    async def leave_alone(self, primary: Member) -> None:
        """The others are away from now on: what the primary takes, it holds alone, for ALONE_FOR_S."""
        await asyncio.gather(*(member.kill() for member in self.members if member is not primary))


async def _elect(members: Sequence[Member]) -> Member:
    """The one of these that leads; where none does, they are asked to in turn, for one that has less of the log cannot be elected."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            for _ in range(STEP_UP_LOOKS):
                for member in members:
                    if await member.is_("isWritablePrimary"):
                        return member
                await asyncio.sleep(POLL_S)
            for member in members:
                async with member.asked() as client:
                    with suppress(OperationFailure):  # it is no secondary yet, or the others do not vote yet
                        await client.admin.command("replSetStepUp")
                if await member.is_("isWritablePrimary"):
                    return member


async def inserts_of(primary: Member, app: str) -> int:
    """How many inserts of this client the primary is busy with, those included that wait for a majority."""
    async with primary.asked() as client:
        found = await client.admin.command("currentOp", {"appName": app, "active": True, "command.insert": "entries"})
    return len(found["inprog"])


async def until_inserting(primary: Member, app: str) -> None:
    async def is_so() -> bool:
        return await inserts_of(primary, app) > 0

    await _until(is_so)


async def _until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # noqa: ASYNC110 (the database tells nobody)
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def running_set(place: Path) -> AsyncIterator[ReplicaSet]:
    binary = await asyncio.to_thread(find_binary, MONGOD, "")
    replica_set = ReplicaSet([Member(place / str(n), binary.path) for n in range(SIZE)])
    try:
        await replica_set.start()
        yield replica_set
    finally:
        await replica_set.stop()
