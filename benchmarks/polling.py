"""Speaks Engine.IO by long polling, so that `benchmarks.wire` can speak Socket.IO over it as over a WebSocket."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

import aiohttp

from benchmarks.wire import OPEN_WITHIN_S, Told, Wire

SEPARATOR = "\x1e"
POLL_WITHIN_S = 60.0  # a poll is held for as long as there is nothing; a ping comes after 25 s
POST_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Text:
    """One packet, as aiohttp shows a frame."""

    data: str
    type: aiohttp.WSMsgType = aiohttp.WSMsgType.TEXT


@dataclass
class PollingSocket:
    """One session: a poll at a time, and a POST at a time with all that waits."""

    http: aiohttp.ClientSession
    address: str
    _arrived: deque[str] = field(default_factory=deque)
    _waiting: list[str] = field(default_factory=list)
    _posts: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> None:
        (packet,) = await self._poll()
        self.address += "&sid=" + str(json.loads(packet[1:])["sid"])

    async def send_str(self, text: str) -> None:
        """Return when the server took it. Raises ConnectionError if the session is over."""
        self._waiting.append(text)
        async with self._posts:
            taken, self._waiting = self._waiting, []
            if not taken:
                return  # whoever posted before took it along
            async with self.http.post(
                self.address, data=SEPARATOR.join(taken), timeout=aiohttp.ClientTimeout(total=POST_WITHIN_S)
            ) as answer:
                if answer.status != 200:
                    raise ConnectionError(f"a POST is answered {answer.status}")

    async def receive_str(self) -> str:
        while not self._arrived:
            self._arrived.extend(await self._poll())
        return self._arrived.popleft()

    def __aiter__(self) -> "PollingSocket":
        return self

    async def __anext__(self) -> Text:
        try:
            text = await self.receive_str()
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            raise StopAsyncIteration from None
        if text == "1":
            raise StopAsyncIteration
        return Text(text)

    async def _poll(self) -> list[str]:
        async with self.http.get(self.address, timeout=aiohttp.ClientTimeout(total=POLL_WITHIN_S)) as answer:
            if answer.status != 200:
                raise ConnectionError(f"a poll is answered {answer.status}")
            return (await answer.text()).split(SEPARATOR)


@asynccontextmanager
async def polling(
    http: aiohttp.ClientSession,
    url: str,
    token: str,
    told: Told | None = None,
    wanted: frozenset[str] = frozenset(),
    *,
    namespace: str = "/chat",
    within_s: float = OPEN_WITHIN_S,
) -> AsyncIterator[Wire]:
    """Yields a connection as `benchmarks.wire.connected` does, by polling alone."""
    socket = PollingSocket(http, url + "/socket.io/?EIO=4&transport=polling")
    wire = Wire(cast("aiohttp.ClientWebSocketResponse", socket), told, wanted, namespace)
    async with asyncio.timeout(within_s):
        await socket.open()
        await wire.join(token)
    wire.reader = asyncio.create_task(wire.read(), name="poller")
    try:
        yield wire
    finally:
        wire.reader.cancel()
        await asyncio.gather(wire.reader, return_exceptions=True)
        with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with asyncio.timeout(1.0):
                await socket.send_str("1")
