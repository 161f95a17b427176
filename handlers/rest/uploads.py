"""Reads forms with a file in them as they come: the file is never whole in memory, whatever stands before or behind it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

from aiohttp import BodyPartReader, MultipartReader, web

from handlers.rest.requests import UNREADABLE, merge, read_fields, require_still
from handlers.wire.fields import Fields
from models.documents.media import MediaRule
from models.errors import Malformed, TooLarge
from models.services.store_media import Arrival, StoreMedia

PIECE_BYTES = 65536
PARTS_MAX = 64  # the longest form of the API has a handful
NAME_MAX_CHARS = 1024

File = TypeVar("File")
# What is done with a file: its name and its content in, and in the block what became of it.
Take = Callable[[str, AsyncIterator[bytes]], AbstractAsyncContextManager[File]]


@asynccontextmanager
async def read_upload(request: web.Request, name: str, take: Take[File]) -> AsyncIterator[tuple[Fields, File | None]]:
    """The fields of a form, and what `take` made of the file in field `name`, in whatever order they came.

    In the block all has been read, and whoever sent it is still signed in. The file is None where the form has none, and in every body that is no multipart form,
    which is read like anywhere else. All fields together may have `http.body_max_bytes`; the file has the limit of `take`.
    Raises Malformed, TooLarge and what `take` raises; what `take` holds is let go when the block ends.
    """
    if not request.content_type.startswith("multipart/"):
        yield await read_fields(request), None
        return
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    async with AsyncExitStack() as stack:
        pairs: list[tuple[str, str]] = []
        files: list[File] = []
        fields_bytes = 0
        async for part in _parts(request):
            if part.filename is not None and part.name == name:
                if files:
                    raise Malformed(f"{name} may be given once.")
                files.append(await stack.enter_async_context(take(part.filename[:NAME_MAX_CHARS], _content(part))))
                continue
            value = bytearray()
            async for piece in _content(part):
                fields_bytes += len(piece)
                if fields_bytes > request.client_max_size:
                    raise TooLarge(f"The fields may have at most {request.client_max_size} bytes.")
                value += piece
            if part.filename is None and part.name is not None:
                with _readable():
                    pairs.append((part.name, value.decode(part.get_charset("utf-8"))))
        await require_still(request)
        yield merge(pairs), files[0] if files else None


def taking(store: StoreMedia, rule: MediaRule) -> Take[Arrival]:
    """Stores a file that a kind of message accepts; one of the wrong kind is refused before it is read."""

    def take(file_name: str, content: AsyncIterator[bytes]) -> AbstractAsyncContextManager[Arrival]:
        return store.receive(content, rule, rule.require_type(file_name))

    return take


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    with _readable():
        reader = await request.multipart()
    for _ in range(PARTS_MAX):
        with _readable():
            part = await reader.next()
        if part is None:
            return
        if isinstance(part, MultipartReader):
            raise Malformed("The form has a form in it.")
        yield part
    raise Malformed(f"The form has more than {PARTS_MAX} parts.")


async def _content(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        pieces: list[bytes] = []
        with _readable():
            chunk = await part.read_chunk(PIECE_BYTES)
            if chunk:
                pieces = [piece async for piece in part.decode_iter(chunk)]
        if not chunk:
            return
        for piece in pieces:
            yield piece


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:  # nobody is left to be told, and it is no fault of ours
        raise Malformed("The body broke off.") from error
    except UNREADABLE as error:
        raise Malformed("The body cannot be read.") from error
