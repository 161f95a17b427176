"""Reads forms, whole or part by part, as UTF-8 only and within bounds on the number of fields and lines.

The sender may not choose how a body is decoded, nor how much work that is: the time that some of Python's codecs take grows with the
square of the input.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast, get_origin
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, MultipartReader, StreamReader, hdrs, web
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import BaseModel
from typing_extensions import override

from handlers.rest.bodies import BODY_LIMITS, read_limited
from handlers.rest.dispositions import read_disposition
from handlers.wire.fields import Form, list_of
from models.documents.phone import is_number
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
DEPTH_MAX = 4  # brackets after a name
_NESTED = re.compile(rf"([^\[\]]+)((?:\[[^\[\]]{{0,64}}\]){{1,{DEPTH_MAX}}})")
# A number as JSON writes it, and of a size that is kept.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_KEY = re.compile(r"\[([^\[\]]*)\]")
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


def merge(pairs: Iterable[tuple[str, Any]]) -> Form:
    """Returns the fields by name; a name that is sent several times has the list of its values.

    `name[]` is an element of a list even if it is sent once, `name[0]` an element at that index, and `name[key]` a member of an object,
    as the libraries of many languages write them: `invitees[0][phone]=…`. A name with other brackets is kept as it is.
    """
    values: dict[str, list[Any]] = {}
    nested: dict[str, _Node] = {}
    for name, value in pairs:
        base, *keys = _keys(name)
        if keys:
            nested.setdefault(base, _Node()).add(keys, value)
        else:
            values.setdefault(base, []).append(value)
    form = Form({name: several[0] if len(several) == 1 else several for name, several in values.items()})
    for base, node in nested.items():
        found = node.value()
        given = values.get(base, [])
        form[base] = [*given, *(found if isinstance(found, list) else [found])] if given else found
    return form


def as_shaped(shape: type[BaseModel], form: Form) -> dict[str, Any]:
    """Returns the fields of a form as JSON would have them, where the shape expects a list or an object.

    A list of one element is sent as that element; an object as JSON text or member by member, and members that look like numbers become
    numbers. What cannot be converted is left for the shape to refuse. An empty optional field that is no text is dropped, because a
    form cannot say null.
    """
    shaped: dict[str, Any] = dict(form)
    for name, field in shape.model_fields.items():
        value = form.get(name)
        if isinstance(value, str) and not value.strip() and field.annotation is not str and not field.is_required():
            del shaped[name]
            continue
        match get_origin(field.annotation), value:
            case type() as kind, str() if issubclass(kind, list):
                shaped[name] = list_of(value)
            case type() as kind, str() if issubclass(kind, dict):
                with suppress(orjson.JSONDecodeError):
                    shaped[name] = orjson.loads(value)
            case type() as kind, dict() if issubclass(kind, dict):
                shaped[name] = _with_numbers(value)
    return shaped


def _with_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return orjson.loads(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _keys(name: str) -> list[str]:
    """Returns the parts of a field's name, such as `["a", "0", ""]` of `a[0][]`."""
    match = _NESTED.fullmatch(name)
    return [name] if match is None else [match[1], *_KEY.findall(match[2])]


class _Node:
    """A value built from the brackets of one name: a list if all keys are numbers or empty, else an object."""

    def __init__(self) -> None:
        self._inside: dict[str, _Node] = {}
        self._values: list[Any] = []

    def add(self, keys: list[str], value: Any) -> None:
        if not keys:
            self._values.append(value)
            return
        key = keys[0] or self._element_for(keys[1:])
        self._inside.setdefault(key, _Node()).add(keys[1:], value)

    def _element_for(self, keys: list[str]) -> str:
        """Returns the element that a key belongs to: each `[]` is a new element, `[][key]` the last one unless it has the key already."""
        last = f"#{len(self._inside) - 1}"
        if keys and keys[0] and last in self._inside and keys[0] not in self._inside[last]._inside:
            return last
        return f"#{len(self._inside)}"

    def value(self) -> Any:
        if not self._inside:
            return self._values[0] if len(self._values) == 1 else self._values
        if all(key.startswith("#") or is_number(key) for key in self._inside):
            # Elements with a number come first, in that order; those without keep the order in which they came.
            ordered = sorted(self._inside, key=lambda key: (1, 0) if key.startswith("#") else (0, int(key)))
            return [self._inside[key].value() for key in ordered]
        return {key: node.value() for key, node in self._inside.items()}


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
