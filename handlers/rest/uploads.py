"""Reads forms with a file in them as they come: the file is never whole in memory, whatever stands before or behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aiohttp import hdrs, web

from handlers.rest.forms import Budget, merge, name_of, read_content, read_field, read_parts, require_charset
from handlers.rest.requests import read_fields, require_still
from handlers.wire.fields import Fields
from models.documents.media import MediaRule
from models.errors import Malformed
from models.services.media.storage import PendingFile, StoreMedia, read_start

NAME_MAX_CHARS = 1024

File = TypeVar("File")


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as its sender describes it: its name (of a long one the end, with the ending), empty for none, and its type."""

    file_name: str
    mime_type: str


# What is done with a file: what is said of it and its content in, and in the block what became of it.
Take = Callable[[Sent, AsyncIterator[bytes]], AbstractAsyncContextManager[File]]


@asynccontextmanager
async def read_upload(request: web.Request, name: str, take: Take[File]) -> AsyncIterator[tuple[Fields, File | None]]:
    """The fields of a form, and what `take` made of the file in field `name`, in whatever order they came.

    In the block all has been read, and whoever sent it is still signed in. The file is None where the form has none, and in every body that is no multipart form,
    which is read like anywhere else. All fields together may be as long as a body of this route; the file has the limit of `take`.
    Raises Malformed, TooLarge and what `take` raises; what `take` holds is let go when the block ends.
    """
    if not request.content_type.startswith("multipart/"):
        yield await read_fields(request), None
        return
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    require_charset(request.charset)
    async with AsyncExitStack() as stack:
        pairs: list[tuple[str, str]] = []
        files: list[File] = []
        budget = Budget(request)
        async for part in read_parts(request):
            if part.filename is not None and name_of(part) == name:
                start, content = await read_start(read_content(part), 1)
                if not start and not part.filename:
                    continue  # what browsers send for a file that nobody chose
                if files:
                    raise Malformed(f"{name} may be given once.")
                sent = Sent(part.filename[-NAME_MAX_CHARS:], part.headers.get(hdrs.CONTENT_TYPE, ""))
                files.append(await stack.enter_async_context(take(sent, content)))
            elif (field := await read_field(part, budget)) is not None:
                pairs.append(field)
        await require_still(request)
        yield merge(pairs), files[0] if files else None


def taking(store: StoreMedia, rule: MediaRule) -> Take[PendingFile]:
    """Stores a file that a kind of message accepts; one of the wrong kind is refused before it is read."""

    def take(sent: Sent, content: AsyncIterator[bytes]) -> AbstractAsyncContextManager[PendingFile]:
        return store.receive(content, rule, partial(rule.require_type, sent.file_name, sent.mime_type))

    return take
