"""Speaks Socket.IO over one connection to one namespace without a client library, at a fraction of its cost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

Told = Callable[[str, dict[str, Any]], None]
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError)  # what a connection that broke or never came raises
OPEN_WITHIN_S = 10.0


class Refused(ConnectionError):
    """Raised when the namespace refuses the connection; `data` is `{"code", "retryable", …}`."""

    def __init__(self, refusal: Mapping[str, Any]) -> None:
        super().__init__(str(refusal))
        self.data: Mapping[str, Any] = refusal.get("data", {})


class Wire:
    """One connection. Events of names in `wanted` go to `told`; the rest is not even parsed."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, told: Told | None, wanted: frozenset[str], namespace: str
    ) -> None:
        self._socket = socket
        self._told = told
        self._namespace = namespace
        self._prefixes = tuple(f'42{namespace},["{name}"' for name in wanted)
        self._answer = f"43{namespace},"
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._asked = 0
        self.reader: asyncio.Task[None] | None = None

    async def ask(self, event: str, body: Mapping[str, Any]) -> "asyncio.Future[dict[str, Any]]":
        """Send a request; the future holds its acknowledgement, or ConnectionError once the connection is gone."""
        self._asked += 1
        future = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(f"42{self._namespace},{self._asked}{orjson.dumps([event, body]).decode()}")
        return future

    async def call(self, event: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its acknowledgement."""
        return await (await self.ask(event, body))

    async def join(self, token: str) -> None:
        await self._socket.send_str(f"40{self._namespace}," + orjson.dumps({"token": token}).decode())
        while True:
            text = await self._socket.receive_str()
            if text.startswith(f"40{self._namespace},"):
                return
            if text.startswith(f"44{self._namespace},"):
                raise Refused(orjson.loads(text[len(self._answer) :]))
            await self._pong(text)

    async def read(self) -> None:
        """Hear until the connection ends."""
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(message.data)
        finally:
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(ConnectionError("the connection ended"))
                    future.exception()  # who asked may have given up already
            self._answers.clear()

    async def _hear(self, text: str) -> None:
        if text.startswith(self._answer):
            start = text.index("[")
            future = self._answers.pop(int(text[len(self._answer) : start]), None)
            if future is not None and not future.done():
                future.set_result(orjson.loads(text[start:])[0])
        elif text.startswith(self._prefixes):
            name, body = orjson.loads(text[len(self._answer) :])
            if self._told is not None:
                self._told(name, body)
        else:
            await self._pong(text)

    async def _pong(self, text: str) -> None:
        if text == "2":
            await self._socket.send_str("3")


@asynccontextmanager
async def connected(
    http: aiohttp.ClientSession,
    url: str,
    token: str,
    told: Told | None = None,
    wanted: frozenset[str] = frozenset(),
    *,
    namespace: str = "/chat",
    within_s: float = OPEN_WITHIN_S,
) -> AsyncIterator[Wire]:
    """Yields a connection that joined `namespace`. Raises one of GONE if none can be had."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(within_s):
        socket = await http.ws_connect(address, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=1.0))
    wire = Wire(socket, told, wanted, namespace)
    try:
        async with asyncio.timeout(within_s):
            try:
                await wire.join(token)
            except TypeError:  # aiohttp's way to say that a close came in place of a text
                raise ConnectionError("closed before it was open") from None
        wire.reader = asyncio.create_task(wire.read(), name="wire reader")
        yield wire
    finally:
        if wire.reader is not None:
            wire.reader.cancel()
            await asyncio.gather(wire.reader, return_exceptions=True)
        await socket.close()
