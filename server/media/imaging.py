"""Shrinks pictures outside of this process, few at a time (implements models.ports.Imaging)."""

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from models.documents.photo import BIG_PX, FULL_PX, PREVIEW_PX, SMALL_PX, Picture, Rendition
from models.errors import Malformed, TooLarge, Unavailable
from server.media.picture_worker import LENGTH, REFUSED

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("picture_worker.py")
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)  # the others are for messages
WAITING_MAX = 64  # beyond this a request is refused rather than kept waiting for minutes
TIMEOUT_S = 60.0  # a worker that takes longer is stuck
THUMBNAIL_PX = 320
POLITENESS = 10  # messages come before pictures
IN_MEMORY_BYTES = 256 << 10  # a picture that is larger waits in a file


class PictureProcesses:
    """One process per picture (0.15 s of its own), at most AT_ONCE of them.

    The picture waits in a file that has no name, so nothing is left behind whatever happens, and goes to the process as its
    standard input: neither its bytes nor its pixels are ever in this process.
    """

    def __init__(self, *, max_pixels: int, folder: Path | None = None) -> None:
        """`folder`: where waiting pictures lie; None for the system's own."""
        self._max_pixels = max_pixels
        self._folder = folder
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def make_photo(self, content: AsyncIterator[bytes], *, below_bytes: int) -> Picture:
        full, preview, *made = await self._make(content, below_bytes, "photo", FULL_PX, PREVIEW_PX, SMALL_PX, BIG_PX)
        return Picture(full, preview, _renditions(made))

    async def make_renditions(self, content: AsyncIterator[bytes]) -> Mapping[Rendition, bytes]:
        return _renditions(await self._make(content, sys.maxsize, "renditions", SMALL_PX, BIG_PX))

    async def make_thumbnail(self, content: AsyncIterator[bytes]) -> bytes:
        return (await self._make(content, sys.maxsize, "thumbnail", THUMBNAIL_PX))[0]

    async def _make(self, content: AsyncIterator[bytes], below_bytes: int, what: str, *sizes: int) -> list[bytes]:
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as raw:
            file = cast("BinaryIO", raw)
            await _write(content, file, below_bytes)
            if self._waiting >= WAITING_MAX:
                raise Unavailable("Too many pictures are being shrunk; try again.")
            self._waiting += 1
            try:
                async with self._slots:
                    return await self._run(file, what, *sizes)
            finally:
                self._waiting -= 1

    async def _run(self, file: BinaryIO, what: str, *sizes: int) -> list[bytes]:
        numbers = map(str, (*sizes, self._max_pixels))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-B", str(WORKER), what, *numbers),
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        with suppress(ProcessLookupError, AttributeError):  # done already; not made for Windows
            os.setpriority(os.PRIO_PROCESS, process.pid, POLITENESS)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                made, complaint = await process.communicate()
        except TimeoutError:
            raise Malformed("The picture takes too long to read.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
        if process.returncode == REFUSED:
            raise Malformed(complaint.decode(errors="replace").strip())
        if process.returncode != 0:
            log.warning("a picture broke its process: %s", complaint.decode(errors="replace").strip()[-500:])
            raise Malformed("The file is no picture that can be read.")
        return _unpack(made)


def _renditions(made: list[bytes]) -> Mapping[Rendition, bytes]:
    """In the order in which the worker makes them."""
    return dict(zip((Rendition.SMALL, Rendition.BIG, Rendition.FADED), made, strict=True))


async def _write(content: AsyncIterator[bytes], file: BinaryIO, below_bytes: int) -> None:
    size = 0
    buffer = bytearray()
    async for piece in content:
        size += len(piece)
        if size >= below_bytes:
            raise TooLarge(f"The file must have fewer than {below_bytes} bytes.")
        buffer += piece
        if len(buffer) >= IN_MEMORY_BYTES:
            await asyncio.to_thread(file.write, bytes(buffer))
            buffer.clear()
    file.write(buffer)
    file.seek(0)


def _unpack(made: bytes) -> list[bytes]:
    parts: list[bytes] = []
    position = 0
    while position < len(made):
        (length,) = LENGTH.unpack_from(made, position)
        position += LENGTH.size
        parts.append(made[position : position + length])
        position += length
    return parts
