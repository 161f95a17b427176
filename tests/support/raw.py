"""A client without a library: HTTP requests and WebSocket frames byte by byte, also the wrong ones."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
QUERY = "/socket.io/?EIO=4&transport="


@dataclass
class Frames:
    """A WebSocket that sends what it is told to and shows every frame that comes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    close_code: int | None = None

    async def frame(self, opcode: int, data: bytes = b"", *, is_final: bool = True, is_masked: bool = True) -> None:
        head = bytes([(0x80 if is_final else 0) | opcode])
        mask_bit = 0x80 if is_masked else 0
        if len(data) < 126:
            head += bytes([mask_bit | len(data)])
        elif len(data) < 65536:
            head += bytes([mask_bit | 126]) + struct.pack("!H", len(data))
        else:
            head += bytes([mask_bit | 127]) + struct.pack("!Q", len(data))
        if is_masked:
            mask = os.urandom(4)
            repeated = (mask * (len(data) // 4 + 1))[: len(data)]
            data = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")
            head += mask
        self.writer.write(head + data)
        await self.writer.drain()

    async def say(self, text: str) -> None:
        await self.frame(TEXT, text.encode())

    async def read_frame(self) -> tuple[int, bytes]:
        """Opcode and data of the next frame; raises IncompleteReadError at the end of the line."""
        head = await self.reader.readexactly(2)
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return head[0] & 0x0F, await self.reader.readexactly(size)

    async def hear(self) -> str:
        """The next text; an AssertionError when the connection ends instead."""
        while True:
            opcode, data = await self.read_frame()
            if opcode == TEXT:
                return data.decode()
            assert opcode != CLOSE, data

    async def hear_until(self, start: str) -> str:
        """The next text that begins like this, answering pings on the way."""
        heard: list[str] = []
        try:
            async with asyncio.timeout(30):
                while not (text := await self.hear()).startswith(start):
                    heard.append(text)
                    if text == "2":
                        await self.say("3")
                return text
        except TimeoutError:
            raise TimeoutError(f"nothing began with {start!r}: heard only {heard}") from None

    async def hear_to_the_end(self, last: str = "nothing ends here") -> list[str]:
        """Every text until the connection ends, or until one begins like `last`."""
        heard: list[str] = []
        with suppress(asyncio.IncompleteReadError, ConnectionError, AssertionError):
            async with asyncio.timeout(30):
                while not heard or not heard[-1].startswith(last):
                    heard.append(await self.hear())
        return heard

    async def join(self, token: str, namespace: str = "/chat") -> None:
        await self.say(f"40{namespace}," + json.dumps({"token": token}))
        await self.hear_until(f"40{namespace},")

    async def ended(self) -> int | None:
        """Wait until the server has closed the connection; the code of its close frame."""
        async with asyncio.timeout(30):
            try:
                while True:
                    opcode, data = await self.read_frame()
                    if opcode == CLOSE:
                        self.close_code = struct.unpack("!H", data[:2])[0] if data else None
                        await self.frame(CLOSE, data[:2])
            except (asyncio.IncompleteReadError, ConnectionError):
                return self.close_code


async def open_line(url: str, limit: int = 2**16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    return await asyncio.open_connection(parts.hostname, parts.port, limit=limit)


@asynccontextmanager
async def frames(
    url: str, *, sid: str = "", headers: str = "", open_packet: bool = True, limit: int = 2**16
) -> AsyncIterator[Frames]:
    """A WebSocket to the server; its OPEN packet is read unless it belongs to a session that was opened by polling."""
    reader, writer = await open_line(url, limit)
    try:
        key = base64.b64encode(os.urandom(16)).decode()
        path = QUERY + "websocket" + (f"&sid={sid}" if sid else "")
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        socket = Frames(reader, writer)
        if open_packet and not sid:
            assert (await socket.hear()).startswith("0{")
        yield socket
    finally:
        writer.transport.abort()


async def request(
    url: str, method: str, path: str, body: bytes | None = None, *, headers: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body of one HTTP exchange on a line of its own."""
    reader, writer = await open_line(url)
    try:
        length = "" if body is None or "transfer-encoding" in headers.lower() else f"Content-Length: {len(body)}\r\n"
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n{length}{headers}\r\n".encode()
        )
        writer.write(body or b"")
        async with asyncio.timeout(30):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            data = await reader.read()
        return int(first.split()[1]), found, data
    finally:
        writer.transport.abort()


@dataclass
class Polling:
    """A polling session: one GET or POST at a time, each as it is told to."""

    url: str
    sid: str

    @property
    def path(self) -> str:
        return f"{QUERY}polling&sid={self.sid}"

    async def poll(self) -> tuple[int, list[str]]:
        status, _, body = await request(self.url, "GET", self.path)
        return status, body.decode().split("\x1e")

    async def post(self, *packets: str) -> int:
        return await self.post_bytes("\x1e".join(packets).encode())

    async def post_bytes(self, body: bytes, headers: str = "") -> int:
        status, _, _ = await request(self.url, "POST", self.path, body, headers=headers)
        return status

    async def join(self, token: str, namespace: str = "/chat") -> None:
        assert await self.post(f"40{namespace}," + json.dumps({"token": token})) == 200
        await self.hear_until(f"40{namespace},")

    async def hear_until(self, start: str) -> list[str]:
        """Every packet up to and including the poll that brought one with this beginning."""
        heard: list[str] = []
        try:
            async with asyncio.timeout(30):
                while not any(packet.startswith(start) for packet in heard):
                    status, packets = await self.poll()
                    assert status == 200, packets
                    if "2" in packets:
                        await self.post("3")
                    heard += packets
        except TimeoutError:
            raise TimeoutError(f"nothing began with {start!r}: heard only {heard}") from None
        return heard


async def open_polling(url: str) -> Polling:
    status, _, body = await request(url, "GET", QUERY + "polling")
    assert status == 200, body
    opened: dict[str, Any] = json.loads(body[1:])
    return Polling(url, opened["sid"])
