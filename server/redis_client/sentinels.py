"""Connects to the primary that Redis sentinels name: new connections go there, and connections to a former primary are cut.

All sentinels are asked at once, so that one that is away or silent costs no time. Of the answers of more than half of them, that
with the highest epoch counts, which is how they agree among themselves. A connection to a server that says that it is no primary is
closed at once. The sentinels are asked again every few seconds, because a primary that is replaced while it lives considers itself
one for ten seconds, and clients that stayed connected to it would receive nothing, without an error.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import override

from models.tasks import BackgroundTasks, cancel
from server.redis_urls import RedisUrl

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
PATIENCE = 0.4  # share of the time for an answer: once for the sentinels, and once to connect to the primary

Address = tuple[str, int]


class PrimaryConnection(SentinelManagedConnection):
    """A connection to the primary of the moment when it is made."""

    @override
    async def connect_to(self, address: Address) -> None:
        answer_s, self.socket_timeout = self.socket_timeout, self.socket_connect_timeout
        try:
            await super().connect_to(address)  # type: ignore[no-untyped-call]
        except RedisTimeoutError:
            host, port = address
            raise RedisConnectionError(f"{host}:{port}, which the sentinels name, is silent") from None
        finally:
            self.socket_timeout = answer_s

    @override
    async def on_connect_check_health(self, check_health: bool = True) -> None:
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE", check_health=False)
        role, *_ = await self.read_response()
        if role not in (b"master", "master"):
            raise RedisConnectionError(f"{self.host}:{self.port}, which the sentinels name, is no primary")

    def cut(self) -> None:
        """Break the connection, so that its user notices: one that is only closed would be opened again silently."""
        if self._writer is not None:
            self._writer.transport.abort()


class SecurePrimaryConnection(PrimaryConnection, SentinelManagedSSLConnection):
    """A PrimaryConnection by TLS."""


class PrimaryPool(SentinelConnectionPool):
    """Connections to the primary. Each question to the sentinels cuts those to other servers."""

    @override
    async def get_master_address(self) -> Address:
        address: Address = await self.sentinel_manager.discover_master(self.service_name)
        if self.master_address not in (None, address):
            log.warning("the primary is %s:%d now", *address)
        self.master_address = address
        for connection in (*self._available_connections, *self._in_use_connections):
            if isinstance(connection, PrimaryConnection) and (connection.host, connection.port) != address:
                connection.cut()
        return address


class Sentinels(Sentinel):
    """Asks all sentinels at once."""

    patience_s = 1.0

    @override
    async def discover_master(self, service_name: str) -> Address:
        """Returns the address of the primary of this name. Raises RedisError, which says why there is none."""
        asked = {
            asyncio.create_task(_ask(each, service_name), name="sentinel"): _name_of(each) for each in self.sentinels
        }
        try:
            known, failures = await self._collect(asked)
        finally:
            await cancel(*asked)
        if not known:
            raise RedisConnectionError(f"no sentinel names a primary: {_listed(failures, asked.values())}")
        best = max(known, key=lambda state: (state["config-epoch"], _is_well(state)))
        address = best["ip"], int(best["port"])
        if not _is_well(best):
            raise RedisConnectionError("the sentinels say that the primary, {}:{}, is down".format(*address))
        return address

    async def _collect(self, asked: Mapping["asyncio.Task[State]", str]) -> tuple[list["State"], dict[str, str]]:
        """Returns the answers of more than half of them, or of those in time, and why others did not answer, by their names."""
        known: list[State] = []
        failures: dict[str, str] = {}
        running = set(asked)
        ends = asyncio.get_running_loop().time() + self.patience_s
        while running and len(known) <= len(asked) // 2:
            left_s = ends - asyncio.get_running_loop().time()
            done, running = await asyncio.wait(running, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for task in done:
                try:
                    known.append(task.result())
                except (RedisError, OSError) as error:
                    failures[asked[task]] = str(error)
        return known, failures


State = Mapping[str, Any]  # a sentinel's answer about a primary


class PrimaryRedis(Redis):
    """A client of the primary. Must be closed: it asks the sentinels until then."""

    def __init__(
        self, url: RedisUrl, options: Mapping[str, Any], answering: Mapping[str, Any], *, timeout_s: float
    ) -> None:
        """`options` of the URL: for the servers, and the TLS settings for the sentinels too; `answering`: timeouts and protocol of both."""
        is_secure = options.get("connection_class") is SSLConnection
        bounds = {**answering, "socket_connect_timeout": timeout_s * PATIENCE}
        theirs = {key: value for key, value in options.items() if key.startswith("ssl_")}
        theirs |= {"username": url.sentinel_username, "password": url.sentinel_password, "ssl": is_secure}
        self._sentinels = Sentinels(url.sentinels, sentinel_kwargs=theirs | bounds)  # type: ignore[no-untyped-call]
        self._sentinels.patience_s = timeout_s * PATIENCE
        ours = {key: value for key, value in options.items() if key not in ("host", "port", "connection_class")}
        kind = SecurePrimaryConnection if is_secure else PrimaryConnection
        self._pool = PrimaryPool(  # type: ignore[no-untyped-call]
            url.primary, self._sentinels, connection_class=kind, **ours | bounds
        )
        super().__init__(connection_pool=self._pool)
        self.auto_close_connection_pool = True
        self._tasks = BackgroundTasks()
        self._tasks.keep("redis sentinels", self._keep_looking)

    @override
    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await self._tasks.stop()
        await super().aclose(close_connection_pool)
        await self._sentinels.aclose()

    async def _keep_looking(self) -> None:
        is_told = False
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._pool.get_master_address()
                is_told = False
            except (RedisError, OSError) as error:
                if not is_told:
                    log.warning("%s", error)
                is_told = True


async def _ask(sentinel: Redis, name: str) -> State:
    try:
        state: State = await sentinel.execute_command("SENTINEL MASTER", name)  # type: ignore[no-untyped-call]
    except ResponseError as error:
        raise RedisError(f"knows no {name!r}" if "No such" in str(error) else str(error)) from None
    return state


def _is_well(state: State) -> bool:
    return bool(state["is_master"]) and not state["is_sdown"] and not state["is_odown"]


def _name_of(sentinel: Redis) -> str:
    at = sentinel.connection_pool.connection_kwargs
    return f"{at['host']}:{at['port']}"


def _listed(failures: Mapping[str, str], names: Any) -> str:
    return ", ".join(f"{name} ({failures.get(name) or 'silent'})" for name in names)
