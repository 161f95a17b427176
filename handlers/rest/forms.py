"""Reads forms, whole or part by part, as UTF-8 only and within bounds on the number of fields and lines.

The sender may not choose how a body is decoded, nor how much work that is: the time that some of Python's codecs take grows with the
square of the input.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, StreamReader, hdrs, web
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy
from typing_extensions import override

from handlers.rest.bodies import BODY_LIMITS, read_limited
from handlers.rest.dispositions import read_disposition
from models.errors import Malformed, TooLarge

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
JSON = ("application/json", "application/octet-stream")  # the second is assumed for a body without a type
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
FIELDS_MAX = 1000  # longer lists are sent as one field
PIECE_BYTES = 65536
PARTS_IN_A_TURN = 16
LINES_IN_A_TURN = 256
PART_HEADERS_MAX = 16
PART_HEADER_MAX_BYTES = 4096  # of one line: the longest file name, percent-encoded
# What aiohttp's readers raise for a malformed body: a part without a name, a broken part header, an unknown transfer encoding,
# or bytes that do not decompress.
UNREADABLE = (ValueError, LookupError, RuntimeError, HttpProcessingError, web.RequestPayloadError)


def require_charset(charset: object) -> None:
    """Raises HTTP 415 for a charset other than UTF-8 and US-ASCII; None means UTF-8."""
    if charset is not None and not (isinstance(charset, str) and charset.strip().lower() in CHARSETS):
        raise web.HTTPUnsupportedMediaType


@contextmanager
def readable() -> Iterator[None]:
    """Raises Malformed for what cannot be read inside the block, and HTTP 408 for a body that does not arrive."""
    try:
        yield
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except ConnectionError as error:  # the client is gone and nobody reads the answer; this is no fault of the server
        raise Malformed("The body broke off.") from error
    except UNREADABLE as error:
        raise Malformed("The body cannot be read.") from error


class File:
    """Marks a file where a text is expected; only handlers/rest/uploads.py reads the content."""

    @override
    def __repr__(self) -> str:
        return "a file"


async def read_form(request: web.Request) -> list[tuple[str, str | File]]:
    """Returns the names and values of a form's fields in the order in which they were sent.

    Raises Malformed, TooLarge, and HTTP 415 for another charset than UTF-8 before anything is decoded.
    """
    require_charset(request.charset)
    if request.content_type == "multipart/form-data":
        budget = Budget(request)
        fields: list[tuple[str, str | File]] = []
        async for part in read_parts(request):
            name = name_of(part)
            field = await read_field(part, budget)
            fields.append((name, File()) if field is None else field)
        return fields
    with readable():
        text = (await read_limited(request)).rstrip().decode()
        return [*parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)]


class Budget:
    """How many bytes the remaining fields of a form may have together."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._limits = request.app[BODY_LIMITS]
        self._most = self._left = self._limits.of(request)

    def spend(self, piece: bytes) -> None:
        """Subtracts bytes. Raises TooLarge, and Unavailable if there is no room for so much."""
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge(f"The fields may have at most {self._most} bytes.")
        self._limits.take(self._request, piece)


def name_of(part: BodyPartReader) -> str:
    """Returns the field name of a part. Raises Malformed for a part without one."""
    if part.name is None:
        raise Malformed("A part of the form has no name in its Content-Disposition.")
    return part.name


async def read_field(part: BodyPartReader, budget: Budget) -> tuple[str, str] | None:
    """Returns a part's name and text; the text is None for a file, which is skipped."""
    name, is_field = name_of(part), part.filename is None
    if is_field:
        require_charset(part.get_charset("utf-8"))
    value = bytearray()
    async for piece in read_content(part):
        budget.spend(piece)
        if is_field:
            value += piece
    if not is_field:
        return None
    with readable():
        return name, value.decode()


async def read_parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """Yields the parts of a multipart form; each must be read before the next. Raises Malformed."""
    with readable():
        reader = _FormReader(request)
    for number in range(FIELDS_MAX):
        if number % PARTS_IN_A_TURN == 0:
            # Parts that are here already are read without waiting, so others get a turn in between.
            await asyncio.sleep(0)
        with readable():
            part = await reader.next()
        if part is None:
            return
        if isinstance(part, MultipartReader):
            raise Malformed("The form has a form in it.")
        yield part
    raise Malformed(f"The form has more than {FIELDS_MAX} parts.")


async def read_content(part: BodyPartReader) -> AsyncIterator[bytes]:
    """Yields the content of a part, piece by piece. Raises Malformed."""
    while True:
        pieces: list[bytes] = []
        with readable():
            chunk = await part.read_chunk(PIECE_BYTES)
            if chunk:
                pieces = [piece async for piece in part.decode_iter(chunk)]
        if not chunk:
            return
        for piece in pieces:
            yield piece


class _FormReader(MultipartReader):
    """aiohttp's multipart reader with bounds on the lines around the fields and on the headers of a part."""

    multipart_reader_cls = MultipartReader  # of a form inside a form, which is refused

    def __init__(self, request: web.Request) -> None:
        super().__init__(
            request.headers,
            cast("StreamReader", _BoundedLines(request.content, FIELDS_MAX * (PART_HEADERS_MAX + 4))),
            max_field_size=PART_HEADER_MAX_BYTES,
            max_headers=PART_HEADERS_MAX,
        )

    @override
    async def fetch_next_part(self) -> MultipartReader | BodyPartReader:
        """Returns the next part, with a Content-Disposition that aiohttp understands: it fails on file names with semicolons or spaces."""
        part = await super().fetch_next_part()
        headers = CIMultiDict(part.headers)
        said = headers.pop(hdrs.CONTENT_DISPOSITION, None)
        if said is not None:
            headers[hdrs.CONTENT_DISPOSITION] = read_disposition(said).header
        part.headers = CIMultiDictProxy(headers)
        return part


class _BoundedLines:
    """A body of which only so many lines are read, except before the first part."""

    def __init__(self, content: StreamReader, most: int) -> None:
        self._content = content
        self._left = most

    async def readline(self, **options: Any) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many lines")
        if self._left % LINES_IN_A_TURN == 0:
            await asyncio.sleep(0)
        return await self._content.readline(**options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)
