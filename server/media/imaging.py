"""Shrinks pictures, and looks into videos, sounds and web pages, outside of this process, few at a time.

Implements models.ports.Imaging and models.ports.PageReader.
"""

import asyncio
import base64
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import BinaryIO, cast

from models.documents.link_preview import PageFacts
from models.documents.media import Box, Placeholder, Recording, Thumbnail
from models.documents.photo import BIG_PX, FULL_PX, PREVIEW_PX, SMALL_PX, Picture, Rendition
from models.errors import Malformed, RateLimited, TooLarge, Unavailable
from models.services.runtime.token_bucket import TokenBuckets
from server.media.cleaning_worker import BOX
from server.media.fair_slots import FairSlots, Room
from server.media.picture_worker import DURATION, SIZE
from server.media.worker import LENGTH, NEEDED, REFUSED

log = logging.getLogger(__name__)

WORKER, CLEANING_WORKER, PAGE_WORKER = (
    Path(__file__).with_name(f"{name}_worker.py") for name in ("picture", "cleaning", "page")
)
ROOT = Path(__file__).parents[2]  # where the worker finds this package
# Half of the processors are for messages; with one slot alone a slow picture would hold up everybody else's.
AT_ONCE = max(2, (os.cpu_count() or 1) // 2)
WAITING_MAX = 64  # beyond this a request is refused rather than kept waiting for minutes
PER_ASKER_MAX = 16  # of these, for one account: an album sent at once
FAILURE_COSTS = 20  # pictures: one that cannot be read may have taken as long as it was let, and hardly anybody has one
TIMEOUT_S = 60.0  # a worker that takes longer is stuck
CLEANING = ("image", "film")
RECORDINGS = ("video", "sound")
PAGE = "page"
PAGE_CPU_S = 2  # of a processor, for one page: hundreds of times what a usual one takes
QUICK_S = 3.0  # within which a codec is found that nothing here decodes, which many recordings have
THUMBNAIL_PX = 320
WHOLE_PX = 4096  # of an image that is stored in another format than it came in: twelve megapixels of a telephone
POSTER_PX = 640  # of a video, which is shown by it until somebody plays it
POLITENESS = 10  # messages come before pictures
IN_MEMORY_BYTES = 256 << 10  # a picture that is larger waits in a file
# All of the environment that a decoder is handed: where its libraries lie. Passwords and keys may stand in the rest.
_PASSED_ON = ("LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT")
_ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}  # each further one would take 64 MB of the address space that a picture has
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL) if hasattr(signal, "SIGXCPU") else ()


class PictureProcesses:
    """Runs one process per picture (0.15 s of overhead), at most AT_ONCE of them, and serves askers in turn.

    The picture waits in an unnamed file, so nothing is left behind whatever happens, and its process gets the open
    file: neither its bytes nor its pixels are ever in this process. Before pixels are decoded their memory is taken
    from `memory_bytes`, which all pictures of this node share.
    """

    def __init__(
        self,
        *,
        max_pixels: int,
        memory_bytes: int = 384 << 20,
        cpu_s: int = 10,
        folder: Path | None = None,
        limit: TokenBuckets | None = None,
    ) -> None:
        """`cpu_s` bounds the processor time of one picture. Waiting pictures lie in `folder`, None for the system's own.

        `limit` is charged to the asker, once for each picture, and FAILURE_COSTS times for one that cannot be read.
        """
        self._max_pixels = max_pixels
        self._cpu_s = cpu_s
        self._folder = folder
        self._limit = limit
        self._slots = FairSlots(AT_ONCE)
        self._memory = Room(memory_bytes)

    async def make_photo(self, content: AsyncIterator[bytes], *, below_bytes: int, by: Hashable = None) -> Picture:
        sizes = FULL_PX, PREVIEW_PX, SMALL_PX, BIG_PX
        full, preview, *made = await self._make(content, below_bytes, by, "photo", *sizes)
        return Picture(full, preview, _renditions(made))

    async def make_renditions(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Mapping[Rendition, bytes]:
        return _renditions(await self._make(content, None, by, "renditions", SMALL_PX, BIG_PX))

    async def make_thumbnail(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Thumbnail:
        return _thumbnail(*await self._make(content, None, by, "thumbnail", THUMBNAIL_PX))

    async def clean_image(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> bytes | None:
        made = await self._make(content, None, by, "image")
        return made[0] if made else None

    async def find_metadata(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Sequence[Box]:
        return [Box(*BOX.unpack(place)) for place in await self._make(content, None, by, "film")]

    async def convert_image(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> bytes:
        (whole,) = await self._make(content, None, by, "whole", WHOLE_PX)
        return whole

    async def examine_video(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Recording:
        *thumbnail, duration = await self._make(content, None, by, "video", POSTER_PX)
        return Recording(DURATION.unpack(duration)[0] or None, poster=_thumbnail(*thumbnail))

    async def examine_sound(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Recording:
        duration, waveform = await self._make(content, None, by, "sound")
        return Recording(DURATION.unpack(duration)[0], waveform=base64.b64encode(waveform).decode())

    async def read_page(self, content: AsyncIterator[bytes], *, charset: str, by: Hashable = None) -> PageFacts:
        made = await self._make(_named(charset, content), None, by, PAGE)
        return PageFacts(*(part.decode() for part in made))

    async def _make(
        self, content: AsyncIterator[bytes], below_bytes: int | None, by: Hashable, what: str, *sizes: int
    ) -> list[bytes]:
        """`below_bytes` is None for what is stored already: it is copied in its turn, so that few copies are there at a time."""
        # Nothing is decoded, and no file would be sent with its metadata instead.
        limit = None if what in CLEANING else self._limit
        self._require_room(by)
        if limit is not None:
            limit.take(by)
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as raw:
            file = cast("BinaryIO", raw)
            if below_bytes is not None:
                await _write(content, file, below_bytes)
                self._require_room(by)  # others may have come while the picture did
            async with self._slots.hold(by):
                if below_bytes is None:
                    await _write(content, file, sys.maxsize)
                began = monotonic()
                try:
                    return await self._run(file, what, *sizes)
                except Malformed:
                    was_quick = what in RECORDINGS and monotonic() - began < QUICK_S
                    if limit is not None and not was_quick:
                        limit.charge(by, FAILURE_COSTS)
                    raise

    def _require_room(self, by: Hashable) -> None:
        if self._slots.in_line_of(by) >= PER_ASKER_MAX:
            raise RateLimited("You have too many pictures in line; wait a moment.", retry_after_ms=2000)
        if self._slots.in_line >= WAITING_MAX:
            raise Unavailable("Too many pictures are being shrunk; try again.", retry_after_ms=2000)

    async def _run(self, file: BinaryIO, what: str, *sizes: int) -> list[bytes]:
        cpu_s = min(self._cpu_s, PAGE_CPU_S) if what == PAGE else self._cpu_s
        numbers = map(str, (*sizes, self._max_pixels, self._memory.total, cpu_s))
        worker = CLEANING_WORKER if what in CLEANING else PAGE_WORKER if what == PAGE else WORKER
        # Only a worker that says so has found that there is nothing to clean.
        failed = Unavailable if what in CLEANING else Malformed
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-B", str(worker), str(file.fileno()), what, *numbers),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[file.fileno()],
            env=_environment(),
        )
        with suppress(ProcessLookupError, AttributeError):  # done already; not made for Windows
            os.setpriority(os.PRIO_PROCESS, process.pid, POLITENESS)
        try:
            made, complaint = await self._let_work(process)
        except TimeoutError:
            raise failed("The picture takes too long to read.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
        if process.returncode == REFUSED:
            raise Malformed(complaint.decode(errors="replace").strip())
        if process.returncode in _OUT_OF_TIME:
            raise failed("The picture takes too long to read.")
        if process.returncode != 0:
            log.warning("a picture broke its process: %s", complaint.decode(errors="replace").strip()[-500:])
            raise failed("The file is no picture that can be read.")
        return _unpack(made)

    async def _let_work(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        """Returns what the process writes, once there is memory for its pixels. Raises TimeoutError."""
        if process.stdout is None:
            raise RuntimeError("the process has no stdout")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                (needed,) = NEEDED.unpack(await process.stdout.readexactly(NEEDED.size))
        except asyncio.IncompleteReadError:  # refused, or broken
            return await process.communicate()
        async with self._memory.hold(needed), asyncio.timeout(TIMEOUT_S):
            return await process.communicate(b"1")


async def _named(charset: str, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yields a page behind the line that names its encoding."""
    yield f"{charset}\n".encode("ascii", "replace")
    async for piece in content:
        yield piece


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _ONE_ARENA
    paths = [str(ROOT), *filter(None, [passed_on.get("PYTHONPATH")])]
    return {**passed_on, "PYTHONPATH": os.pathsep.join(paths)}


def _thumbnail(data: bytes, size: bytes, blur: bytes) -> Thumbnail:
    width, height = SIZE.unpack(size)
    return Thumbnail(data, Placeholder(width, height, base64.b64encode(blur).decode()))


def _renditions(made: list[bytes]) -> Mapping[Rendition, bytes]:
    """Returns the renditions in the order in which the worker makes them."""
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
