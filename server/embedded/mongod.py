"""Runs the embedded mongod: loopback only, journaled, memory capped, a one-member replica set named `parley`.

On an existing folder it is writable after 0.2 to 0.7 s, on a new one after 0.5 s (MongoDB 6.0, 2 cores). Two secrets
under `data_dir` protect it from other users of the machine: the password of its only user, and the key of the replica
set's members, which grants every right and so creates that user. A folder of an earlier version, without users, is
upgraded in place. Messages are not compressed: loopback gains nothing, and a decompressor that runs before the password
is checked could be attacked.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError
from typing_extensions import override

from server.config import MongodbSettings
from server.embedded.binaries import Binary
from server.embedded.child import POLL_S, Child
from server.embedded.ports import LOOPBACK, choose_port, is_free
from server.embedded.server import EmbeddedServer
from server.secret import keep_secret
from server.startup_error import StartupError

REPLICA_SET = "parley"
OPLOG_MB = 128  # nothing replicates from it; the largest transactions must fit
NOT_YET_INITIALIZED = 94
USER = "parley"
AUTHENTICATION_FAILED = 18
USER_EXISTS = 51003
SOMEBODY_ELSE_DID = {23, 109}  # already initialized; reconfiguration in progress


class Mongod(EmbeddedServer):
    """One mongod on `data_dir/mongodb`; its port is chosen once and kept in `data_dir/mongodb.port`."""

    name = "mongod"
    files = "mongodb"

    def __init__(self, data_dir: Path, settings: MongodbSettings, binary: Binary) -> None:
        super().__init__(data_dir)
        self._settings = settings
        self._binary = binary
        self._password = self._key = ""

    @property
    @override
    def url(self) -> str:
        return f"mongodb://{USER}:{self._password}@{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}&authSource=admin"

    def url_by(self, port: int) -> str:
        """Returns a URL that reaches it directly through a forwarder on another port."""
        return f"mongodb://{USER}:{self._password}@{LOOPBACK}:{port}/?directConnection=true&authSource=admin"

    @property
    def _dbpath(self) -> Path:
        return self._data_dir / "mongodb"

    @override
    async def start(self) -> None:
        self._dbpath.mkdir(mode=0o700, exist_ok=True)
        self._key, self._password = keep_secret(self._file("key")), keep_secret(self._file("password"))
        self._file("key").chmod(0o600)  # mongod refuses a key that others may read
        await super().start()

    @override
    def _launch(self, held: int) -> Child:
        return Child(self._argv(), self._file("log"), held)

    def _argv(self) -> list[str | Path]:
        cache_gb = f"{self._settings.cache_mb / 1024:.3f}"
        # The quiesce period lets drivers of a larger set move on; alone it only delays the end.
        parameters = ["diagnosticDataCollectionEnabled=false", "shutdownTimeoutMillisForSignaledShutdown=100"]
        # Else another user of the machine could create the first user.
        parameters.append("enableLocalhostAuthBypass=false")
        options = {"--dbpath": self._dbpath, "--bind_ip": LOOPBACK, "--port": self.port, "--replSet": REPLICA_SET}
        # Its log quotes slow queries, and with them messages of users.
        options |= {"--slowms": 3_600_000}
        options |= {"--keyFile": self._file("key"), "--networkMessageCompressors": "disabled"}
        options |= {"--oplogSize": OPLOG_MB, "--wiredTigerCacheSizeGB": cache_gb}
        argv: list[str | Path] = [self._binary.path, "--nounixsocket", "--quiet"]
        argv += [str(part) for option in options.items() for part in option]
        return argv + [part for parameter in parameters for part in ("--setParameter", parameter)]

    @override
    def _choose_port(self) -> int:
        kept = self._file("port")
        with contextlib.suppress(FileNotFoundError, ValueError):
            port = int(kept.read_text("ascii"))
            if is_free(port):
                return port
        port = choose_port()
        kept.write_text(f"{port}\n", "ascii")
        return port

    @override
    async def _answer(self, child: Child) -> None:
        try:
            await self._lead(child)
        except PyMongoError as error:
            raise StartupError(f"mongod does not become primary: {error}") from None

    async def _lead(self, child: Child) -> None:
        await child.accepts(self.port)
        async with self._connect("__system", self._key, "local") as client:
            while True:
                # It closes connections when it finds that it is not in its old configuration, which takes 30 s when
                # another program listens on its old port without answering.
                with contextlib.suppress(AutoReconnect):
                    await self._lead_once(child, client)
                    await self._admit(client)
                    return
                await asyncio.sleep(POLL_S)

    def _connect(self, user: str, password: str, source: str) -> AsyncMongoClient[dict[str, Any]]:
        return AsyncMongoClient(
            LOOPBACK, self.port, directConnection=True, username=user, password=password, authSource=source
        )

    async def _admit(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        """Create the only user, or give it the kept password if it has another."""
        async with self._connect(USER, self._password, "admin") as ours:
            try:
                await ours.admin.command("ping")
            except OperationFailure as refusal:
                if refusal.code != AUTHENTICATION_FAILED:
                    raise
            else:
                return
        # "root" reads and writes everything, and may inspect the server, as tests do.
        user = {"pwd": self._password, "roles": ["root"], "mechanisms": ["SCRAM-SHA-256"]}
        try:
            await client.admin.command({"createUser": USER, **user})
        except OperationFailure as refusal:
            if refusal.code != USER_EXISTS:
                raise
            await client.admin.command({"updateUser": USER, **user})

    async def _lead_once(self, child: Child, client: AsyncMongoClient[dict[str, Any]]) -> None:
        if (await client.admin.command("serverStatus"))["pid"] != await child.pid():
            await child.exited  # another server took the port first: ours ends in a moment
        while not (hello := await client.admin.command("hello"))["isWritablePrimary"]:
            if hello.get("isreplicaset"):  # it has no configuration, or one for another port
                await self._configure(client)
            await asyncio.sleep(POLL_S)

    async def _configure(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        address = f"{LOOPBACK}:{self.port}"
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as refusal:
            if refusal.code != NOT_YET_INITIALIZED:
                raise
            config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]}
            command: dict[str, Any] = {"replSetInitiate": config}
        else:
            if [member["host"] for member in config["members"]] == [address]:
                return
            config["members"] = [{**config["members"][0], "host": address}]
            config["version"] += 1
            command = {"replSetReconfig": config, "force": True}
        try:
            await client.admin.command(command)
        except OperationFailure as refusal:
            if refusal.code not in SOMEBODY_ELSE_DID:
                raise
